import Authority
import Foundation
import ISO7816
import Terminal

/// How one scenario went, as it is written down: what every report is made of, and what several runs
/// are joined from.
public struct ScenarioReport: Codable, Equatable, Sendable {
  /// The scenario's name.
  public var scenario: String
  /// Its file.
  public var file: String
  /// Why it matters.
  public var details: String?
  /// Where its rules come from.
  public var source: String?
  /// Words to choose it by.
  public var tags: [String]
  /// The channel it ran over.
  public var channel: String
  /// What softdna run is told for that channel; nil says no more than its name.
  public var options: String?
  /// What everything random followed from.
  public var seed: UInt64
  /// Every step went as the scenario says.
  public var passed: Bool
  /// When it began, ISO 8601, UTC.
  public var began: String
  /// How long it took.
  public var seconds: Double
  /// SHA-256 over the exchanges, hexadecimal.
  public var transcript: String
  /// Why its world could not be made.
  public var environmentFailure: String?
  /// The steps that ran.
  public var steps: [Step]

  /// How one step went.
  public struct Step: Codable, Equatable, Sendable {
    /// FILE:LINE:COLUMN.
    public var place: String
    /// Its word.
    public var keyword: String
    /// What it does.
    public var title: String
    /// The scenario's day.
    public var day: String
    /// How long it took.
    public var seconds: Double
    /// What went wrong.
    public var failure: String?
    /// What went over the wire.
    public var exchanges: [Wire]
    /// What the authority wrote into its log.
    public var events: [Logged]
  }

  /// One command and its answer.
  public struct Wire: Codable, Equatable, Sendable {
    /// The command APDU, hexadecimal.
    public var command: String
    /// What it asks for.
    public var meaning: String
    /// The response APDU, hexadecimal.
    public var response: String
  }

  /// One event of the authority.
  public struct Logged: Codable, Equatable, Sendable {
    /// What happened.
    public var kind: String
    /// Further facts.
    public var detail: [String: String]
  }

}

extension ScenarioReport {
  /// The report of a result.
  public init(_ result: ScenarioResult) {
    scenario = result.scenario.name
    file = result.scenario.file
    details = result.scenario.details
    source = result.scenario.source
    tags = result.scenario.tags
    channel = result.channel
    options = result.options
    seed = result.scenario.seed
    passed = result.hasPassed
    began = result.began.formatted(.iso8601)
    seconds = result.duration / .seconds(1)
    transcript = result.transcriptHash
    environmentFailure = result.environmentFailure
    steps = result.steps.map { step in
      Step(
        place: step.place.description, keyword: step.keyword, title: step.title,
        day: step.day.description, seconds: step.duration / .seconds(1),
        failure: step.failure?.message,
        exchanges: step.exchanges.map {
          Wire(
            command: Hex.text($0.command), meaning: CommandAPDU.meaning(of: $0.command),
            response: Hex.text($0.response))
        },
        events: step.events.map { Logged(kind: $0.kind, detail: $0.detail) })
    }
  }

  /// The step that failed, or nil.
  var failedStep: Step? { steps.last.flatMap { $0.failure == nil ? nil : $0 } }

  /// The command that runs it again.
  var reproduction: String {
    var command = "softdna run \(Self.quoted(file))"
    if let bracket = scenario.range(of: " [", options: .backwards), scenario.hasSuffix("]") {
      let variant = scenario[scenario.index(after: bracket.lowerBound)...]
      command += " --filter \(Self.quoted(String(variant)))"
    }
    return command + " \(options ?? "--over \(channel)") --seed \(seed) --steps"
  }

  /// As one word for a shell.
  public static func quoted(_ text: String) -> String {
    "'" + text.replacing("'", with: #"'\''"#) + "'"
  }
}

extension ScenarioReport.Wire {
  /// The command's bytes.
  var commandBytes: [UInt8] { Hex.bytes(command) ?? [] }
  /// The status word, or nil where the answer has none.
  var status: StatusWord? {
    guard let bytes = Hex.bytes(response), bytes.count >= 2 else { return nil }
    return StatusWord(sw1: bytes[bytes.count - 2], sw2: bytes[bytes.count - 1])
  }
}
