import Authority
import Issuance

/// Renewal: new keys made in the token, new certificates for three more years.
struct Renew: Step {
  static let keyword = "renew"
  static let summary = "renew the token; refused: where it must not work"
  static let keys: [Key] = [
    Refusal.key,
    .optional("channel", .choice(["counter", "online"]), "what it costs; counter"),
    Identification.presenterKey, Identification.documentExpiresKey,
  ]
  let refusal: Refusal?
  let channel: Channel
  let identification: Identification

  init(_ fields: Fields) {
    refusal = fields.choice("refused")
    channel = fields.choice("channel") ?? .counter
    identification = Identification(fields)
  }

  var title: String {
    (refusal == nil ? "renew the token (\(channel.rawValue))" : "renewal") + refusal.words
  }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let session = try world.card()
    let pin = try world.code(.pin(.cns), or: nil)
    let signaturePIN = try world.code(.pin(.signature), or: nil)
    let identity =
      identification.isSaid ? identification.check(on: Day(world.clock.now)) : nil
    let renewed = try Refusal.expect(refusal) {
      try world.counter.renew(
        device, card: session, pin: pin, signaturePIN: signaturePIN, over: channel,
        identity: identity)
    }
    if let renewed { world.update(renewed) }
  }
}
