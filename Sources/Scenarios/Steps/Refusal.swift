import Authority
import Issuance

/// Why something is refused, as scenarios say it: a rule of the authority, or the card itself.
enum Refusal: String, CaseIterable {
  case window
  case renewedOnce = "renewed-once"
  case state
  case chip
  case policy
  case delegation
  case provider
  case userCode = "user-code"
  case field
  case card

  static let key = Key.optional(
    "refused", .choice(of: Refusal.self), "it must be refused, by this rule")

  private func matches(_ rule: AuthorityError.Rule) -> Bool {
    switch (rule, self) {
    case (.window, .window), (.renewedOnce, .renewedOnce), (.state, .state), (.chip, .chip),
      (.policy, .policy), (.delegation, .delegation), (.provider, .provider),
      (.userCode, .userCode), (.field, .field):
      true
    default: false
    }
  }

  private func matches(_ error: any Error) -> Bool {
    switch error {
    case let error as AuthorityError: matches(error.rule)
    case IssuanceError.authority(let error): matches(error.rule)
    case IssuanceError.card: self == .card
    default: false
    }
  }

  /// Does something that must succeed, or be refused where `refusal` says so.
  ///
  /// - Returns: what it gave; nil where it was refused as it should be.
  static func expect<Value>(_ refusal: Refusal?, _ body: () throws -> Value)
    throws(StepFailure) -> Value?
  {
    let value: Value
    do { value = try body() } catch let failure as StepFailure { throw failure } catch {
      guard let refusal else { throw StepFailure("\(error)") }
      guard refusal.matches(error) else {
        throw StepFailure("expected a refusal by the rule \(refusal.rawValue), got: \(error)")
      }
      return nil
    }
    guard let refusal else { return value }
    throw StepFailure("expected a refusal by the rule \(refusal.rawValue), but it was done")
  }
}

extension Refusal? {
  /// What titles say of it, behind what is refused.
  var words: String { map { " is refused: \($0.rawValue)" } ?? "" }
}
