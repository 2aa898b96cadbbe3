import Authority
import Issuance

/// Identification, order, personalisation, handing over: a token in the holder's hands.
struct Issue: Step {
  static let keyword = "issue"
  static let summary = "issue a token to the scenario's holder, through APDUs"
  static let keys: [Key] = [
    .optional("chip", .choice(of: Chip.self), "the chip; the scenario's"),
    .optional("device", .choice(of: DeviceKind.self), "the device's form; the scenario's"),
    .optional(
      "channel", .choice(of: Channel.self), "how the holder asks; counter"),
    .optional("delivery", .choice(["immediate", "pick-up", "home"]), "how the device comes"),
    .optional("permit-expires", .day, "the last day of the residence permit"),
    .optional("renewal-request", .choice(of: Sign.YesNo.self), "its renewal documents are shown"),
    .optional("proof", .choice(["in-corso-di-trattazione", "convocation"]), "proof of a renewal"),
    .optional(
      "legal-representative", .choice(of: Sign.YesNo.self),
      "of a company seated here that paid its annual fee"),
    .optional(
      "button", .choice(of: Sign.YesNo.self), "yes: the signature key waits for the button"),
    .optional("deposited", .choice(of: Sign.YesNo.self), "yes: documents are missing, no device"),
    Refusal.key,
    Identification.presenterKey, Identification.documentExpiresKey,
  ]
  private let fields: Fields
  private let chip: Chip?
  private let device: DeviceKind?
  private let refusal: Refusal?
  private let isDeposited: Bool

  init(_ fields: Fields) {
    self.fields = fields
    chip = fields.choice("chip")
    device = fields.choice("device")
    refusal = fields.choice("refused")
    isDeposited = fields.choice("deposited", Sign.YesNo.self) == .yes
  }

  var title: String {
    let form = device.map { $0 == .token ? "token" : "smart card" } ?? "device"
    let what = (["issue a"] + [chip?.rawValue].compactMap { $0 } + [form]).joined(separator: " ")
    return isDeposited && refusal == nil
      ? "the request for a device is deposited" : what + refusal.words
  }

  func run(in world: World) throws(StepFailure) {
    let scenario = world.scenario
    let order = try Refusal.expect(refusal) { () -> Personalisation? in
      guard asksFormally || scenario.chamber != nil else {
        return try world.counter.order(
          for: scenario.holder, chip: chip ?? scenario.chip, kind: device ?? scenario.device)
      }
      let registered = try world.counter.authority.register(application(in: world))
      guard (registered.state == .deposited) == isDeposited else {
        throw StepFailure(
          "the request is \(registered.state.rawValue)"
            + registered.missing.map { "; missing: \($0)" }.joined())
      }
      guard !isDeposited else { return nil }
      return try world.counter.order(for: registered, chip: chip ?? scenario.chip)
    }
    var policy = ReferencePolicy.standard
    policy.asksForButton = fields.choice("button", Sign.YesNo.self) == .yes
    if let order = order ?? nil { try world.personalise(order, policy) }
  }

  /// The step says more than which device.
  private var asksFormally: Bool {
    Self.keys.map(\.name).contains {
      !["chip", "device", "button", "refused"].contains($0) && fields.text($0) != nil
    }
  }

  private func application(in world: World) -> Application {
    let channel = fields.choice("channel", Channel.self) ?? .counter
    let permit = fields.day("permit-expires").map {
      ResidencePermit(
        expires: $0,
        renewalRequestShown: fields.choice("renewal-request", Sign.YesNo.self) == .yes,
        proof: fields.choice("proof"))
    }
    let isRepresentative = fields.choice("legal-representative", Sign.YesNo.self) == .yes
    var holder = world.scenario.holder
    if isRepresentative {
      holder.companyRole = CompanyRole(company: "TEST S.R.L.", role: "legale rappresentante")
    }
    return Application(
      chamber: world.scenario.chamber?.chamber ?? ChamberPolicy.test.chamber, channel: channel,
      device: device ?? world.scenario.device,
      delivery: fields.choice("delivery") ?? (channel.isRemote ? .pickUp : .immediate),
      holder: holder,
      identity: Identification(fields).check(on: Day(world.clock.now)),
      residencePermit: permit,
      legalRepresentation: isRepresentative
        ? LegalRepresentation(companySeatedHere: true, annualFeePaid: true) : nil)
  }
}

extension World {
  /// Takes a chip, builds the card and hands it over.
  func personalise(_ order: Personalisation, _ policy: ReferencePolicy = .standard)
    throws(StepFailure)
  {
    do {
      let session = try plugIn(
        ChipOrder(
          chip: order.device.chip, serial: order.device.chipSerial,
          transportKey: order.transportKey))
      try counter.personalise(order, card: session, policy: policy)
      update(try counter.handOver(order.enrolment, card: session))
      handOut(order.scratchCard)
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }
}
