import Authority
import Issuance
import Terminal

/// A chip as it comes from the factory: nothing but its serial number and the transport key.
struct Manufacture: Step {
  static let keyword = "manufacture"
  static let summary = "plug in an empty chip from the factory, for card-level scenarios"
  static let keys: [Key] = [
    .optional("chip", .choice(of: Chip.self), "the chip; the scenario's")
  ]
  let chip: Chip?

  init(_ fields: Fields) { chip = fields.choice("chip") }

  var title: String { "take an empty \(chip.map { "\($0.rawValue) " } ?? "")chip from the factory" }

  func run(in world: World) throws(StepFailure) {
    let scenario = world.scenario
    do {
      let order = try world.counter.order(
        for: scenario.holder, chip: chip ?? scenario.chip, kind: scenario.device)
      _ = try world.plugIn(
        ChipOrder(
          chip: order.device.chip, serial: order.device.chipSerial,
          transportKey: order.transportKey))
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }
}

/// EXTERNAL AUTHENTICATE with the chip's transport key, as only the issuer can.
struct AuthenticateIssuer: Step {
  static let keyword = "authenticate-issuer"
  static let summary = "prove the issuer's role with the chip's transport key"
  static let keys: [Key] = []
  init(_ fields: Fields) {}
  var title: String { "the issuer proves itself" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    guard let key = world.transportKey else { throw World.noToken }
    do throws(CardError) {
      try CardIssuer(session).authenticate(transportKey: key)
    } catch {
      throw StepFailure("\(error)")
    }
  }
}
