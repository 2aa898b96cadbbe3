import Authority
import Issuance

/// Renewal: new keys made in the token, new certificates for three more years.
struct Renew: Step {
  static let keyword = "renew"
  static let summary = "renew the token; refused: window or renewed-once where it must not work"
  let refusal: Refusal?

  /// What forbids a renewal: a rule of the authority, or the card itself.
  enum Refusal: String, CaseIterable {
    case window
    case renewedOnce = "renewed-once"
    case state
    case card
  }

  static let keys: [Key] = [
    .optional("refused", .choice(of: Refusal.self), "the rule that forbids it today")
  ]

  init(_ fields: Fields) { refusal = fields.choice("refused") }

  var title: String {
    refusal.map { "renewal is refused: \($0.rawValue)" } ?? "renew the token"
  }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    let session = try world.card()
    let pin = try world.code(.pin(.cns), or: nil)
    let signaturePIN = try world.code(.pin(.signature), or: nil)
    let renewed: Device
    do throws(IssuanceError) {
      renewed = try world.counter.renew(device, card: session, pin: pin, signaturePIN: signaturePIN)
    } catch {
      guard let refusal else { throw StepFailure("\(error)") }
      switch error {
      case .authority(let refused) where matches(refused.rule, refusal): return
      case .card where refusal == .card: return
      default:
        throw StepFailure("expected a refusal by the rule \(refusal.rawValue), got: \(error)")
      }
    }
    if let refusal {
      throw StepFailure("expected a refusal by the rule \(refusal.rawValue), but it was renewed")
    }
    world.update(renewed)
  }

  private func matches(_ rule: AuthorityError.Rule, _ refusal: Refusal) -> Bool {
    switch (rule, refusal) {
    case (.window, .window), (.renewedOnce, .renewedOnce), (.state, .state): true
    default: false
    }
  }
}
