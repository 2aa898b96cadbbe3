/// One step of a scenario: a word, and what it does.
public protocol Step: Sendable {
  /// The word in the file.
  static var keyword: String { get }
  /// One line for people who look the word up.
  static var summary: String { get }
  /// Reads the step's values; the caller checks that nothing else is there.
  init(_ fields: Fields) throws(ScenarioError)
  /// What the step does, for reports: "verify the CNS PIN".
  var title: String { get }
  /// Does it.
  ///
  /// - Throws: where it did not go as the scenario says.
  func run(in world: World) throws(StepFailure)
}

/// A step with its place in the file.
public struct PlacedStep: Sendable {
  /// Where it is.
  public let place: SourcePlace
  /// What it is.
  public let step: any Step
}

/// Every word a scenario may use.
public enum Vocabulary {
  /// The steps, in the order the documentation shows them.
  public static let steps: [any Step.Type] = [
    Issue.self, Renew.self, AdvanceClock.self, Verify.self, ChangePIN.self, Unblock.self,
    ExpectTries.self, Sign.self, ExpectCertificate.self, Reset.self, Remove.self, Insert.self,
    RawAPDU.self,
  ]

  static func step(_ keyword: String, at place: SourcePlace) throws(ScenarioError)
    -> any Step.Type
  {
    guard let step = steps.first(where: { $0.keyword == keyword }) else {
      throw ScenarioError(
        place, Spelling.unknown("step", keyword, among: steps.map { $0.keyword }))
    }
    return step
  }
}
