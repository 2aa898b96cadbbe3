import Authority
import Issuance

/// Identification, order, personalisation, handing over: a token in the holder's hands.
struct Issue: Step {
  static let keyword = "issue"
  static let summary = "issue a token to the built-in fictitious holder, through APDUs"
  let chip: Chip?
  let device: DeviceKind?

  init(_ fields: Fields) throws(ScenarioError) {
    chip = try fields.choice("chip")
    device = try fields.choice("device")
  }

  var title: String { "issue a \((device ?? .token).rawValue)" }

  func run(in world: World) throws(StepFailure) {
    let scenario = world.scenario
    do {
      let order = try world.counter.order(
        for: .fictitious, chip: chip ?? scenario.chip, kind: device ?? scenario.device)
      let session = try world.plugIn(
        ChipOrder(
          chip: order.device.chip, serial: order.device.chipSerial,
          transportKey: order.transportKey))
      try world.counter.personalise(order, card: session)
      world.update(try world.counter.handOver(order.enrolment, card: session))
      let codes = order.scratchCard
      world.learn(.pin(.cns), codes.pinCNS)
      world.learn(.puk(.cns), codes.pukCNS)
      world.learn(.pin(.signature), codes.pinSignature)
      world.learn(.puk(.signature), codes.pukSignature)
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }
}
