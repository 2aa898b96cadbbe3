import Authority
import Issuance

/// Identification, order, personalisation, handing over: a token in the holder's hands.
struct Issue: Step {
  static let keyword = "issue"
  static let summary = "issue a token to the scenario's holder, through APDUs"
  let chip: Chip?
  let device: DeviceKind?

  static let keys: [Key] = [
    .optional("chip", .choice(of: Chip.self), "the chip; the scenario's"),
    .optional("device", .choice(of: DeviceKind.self), "the device's form; the scenario's"),
  ]

  init(_ fields: Fields) {
    chip = fields.choice("chip")
    device = fields.choice("device")
  }

  var title: String {
    let words = [chip?.rawValue, device.map { $0 == .token ? "token" : "smart card" }]
    return "issue a "
      + (words.compactMap { $0 }.last.map { _ in
        words.compactMap { $0 }.joined(separator: " ")
      } ?? "device")
  }

  func run(in world: World) throws(StepFailure) {
    let scenario = world.scenario
    do {
      let order = try world.counter.order(
        for: scenario.holder, chip: chip ?? scenario.chip, kind: device ?? scenario.device)
      let session = try world.plugIn(
        ChipOrder(
          chip: order.device.chip, serial: order.device.chipSerial,
          transportKey: order.transportKey))
      try world.counter.personalise(order, card: session)
      world.update(try world.counter.handOver(order.enrolment, card: session))
      world.handOut(order.scratchCard)
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }
}
