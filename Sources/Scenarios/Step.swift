/// One step of a scenario: a word, and what it does.
public protocol Step: Sendable {
  /// The word in the file.
  static var keyword: String { get }
  /// One line for people who look the word up.
  static var summary: String { get }
  /// The values it takes.
  static var keys: [Key] { get }
  /// Reads the step's values, which were checked against `keys`.
  ///
  /// - Throws: where values do not go together.
  init(_ fields: Fields) throws(ScenarioError)
  /// What the step does, for reports: "verify the CNS PIN".
  var title: String { get }
  /// The variable that takes what the step found out, if any.
  var captured: String? { get }
  /// What it does to the card.
  var use: CardUse { get }
  /// Does it.
  ///
  /// - Throws: where it did not go as the scenario says.
  func run(in world: World) throws(StepFailure)
}

extension Step {
  /// No variable.
  public var captured: String? { nil }
  /// Whatever is not said to be less.
  public var use: CardUse { .issuing }
}

/// A step with its place in the file.
public struct PlacedStep: Sendable {
  /// Where it is.
  public let place: SourcePlace
  /// Its word.
  public let keyword: String
  /// The step as it was read; values that are captured only while the scenario runs have a
  /// stand-in.
  let step: any Step
  /// What to read again when they are there.
  private let later: (values: Value?, variables: Variables)?

  /// Reads a step and checks its values.
  init(_ keyword: String, _ values: Value?, at place: SourcePlace, _ variables: Variables)
    throws(ScenarioError)
  {
    let type = try Vocabulary.step(keyword, at: place)
    let fields = try Fields(values, at: place, "step \(keyword)", type.keys, variables)
    self.place = place
    self.keyword = keyword
    step = try type.init(fields)
    later = fields.waits ? (values, variables) : nil
  }

  /// What it does to the card, as far as the file tells.
  public var use: CardUse { step.use }

  /// The variable the step fills.
  var captured: String? { step.captured }

  /// The step with what was captured by now.
  ///
  /// - Throws: where a captured value does not fit.
  func step(with captures: [String: String]) throws(StepFailure) -> any Step {
    guard let later else { return step }
    do throws(ScenarioError) {
      let fields = try Fields(
        later.values, at: place, "step \(keyword)", type(of: step).keys,
        later.variables.resolved(captures))
      return try type(of: step).init(fields)
    } catch {
      throw StepFailure("with what was captured: \(error.message)")
    }
  }
}

/// Every word a scenario may use.
public enum Vocabulary {
  /// The steps, in the order the documentation shows them.
  public static let steps: [any Step.Type] = [
    Issue.self, Issued.self, Renew.self, Suspend.self, Reactivate.self, Revoke.self,
    ChangeEMail.self, Replace.self, OneShotSign.self, AdvanceClock.self, Verify.self,
    ChangePIN.self, Unblock.self, ExpectTries.self, Sign.self, Authenticate.self, Decipher.self,
    ExpectCertificate.self, ExpectStatus.self, ExpectReceipt.self, ExpectMessage.self,
    ExpectEvent.self, Reset.self, PowerCut.self, Remove.self, Insert.self, Press.self,
    ReadFile.self, Challenge.self, RawAPDU.self, Manufacture.self, AuthenticateIssuer.self,
    Host.self,
  ]

  static func step(_ keyword: String, at place: SourcePlace) throws(ScenarioError)
    -> any Step.Type
  {
    guard let step = steps.first(where: { $0.keyword == keyword }) else {
      throw ScenarioError(
        place,
        Spelling.unknown("step", keyword, among: steps.map { $0.keyword } + ["include"]))
    }
    return step
  }
}
