import Foundation
import ISO7816
import Terminal

/// Results as people read them in a terminal.
public enum TextReport {
  /// What a piece of text is, for whoever colours it.
  public enum Tone: Sendable {
    /// It went well.
    case good
    /// It did not.
    case bad
    /// Of lesser interest.
    case aside
    /// A heading.
    case title
  }

  /// One scenario: a line where it passed, and where it failed the step, its place, what went over
  /// the wire and how to run it again.
  public static func text(
    of result: ScenarioReport, showsSteps: Bool, paint: (String, Tone) -> String
  ) -> String {
    let mark = result.passed ? paint("✔", .good) : paint("✘", .bad)
    var text = "\(mark) \(paint(result.scenario, .title))"
    let facts = [
      "\(result.steps.count) steps",
      "\(result.steps.reduce(0) { $0 + $1.exchanges.count }) APDUs", seconds(result.seconds),
      result.channel, "transcript \(result.transcript.prefix(12))",
    ]
    text += paint("  " + facts.joined(separator: " · "), .aside) + "\n"
    if let failure = result.environmentFailure { text += "    \(paint(failure, .bad))\n" }
    for step in result.steps where showsSteps || step.failure != nil {
      let mark = step.failure == nil ? paint("✔", .good) : paint("✘", .bad)
      text += "    \(mark) \(paint(step.day, .aside)) \(step.title)\n"
      guard let failure = step.failure else { continue }
      text += "      \(step.place): \(paint(failure, .bad))\n"
      for exchange in step.exchanges.suffix(6) { text += "      \(line(exchange))\n" }
      text += "      again: \(result.reproduction)\n"
    }
    return text
  }

  /// How many passed, and how long it took on the clock on the wall.
  public static func summary(
    of results: [ScenarioReport], took duration: Duration, paint: (String, Tone) -> String
  ) -> String {
    let passed = results.filter(\.passed).count
    let failed = results.count - passed
    let verdict =
      failed == 0
      ? paint("\(passed) passed", .good) + ", 0 failed"
      : "\(passed) passed, " + paint("\(failed) failed", .bad)
    return "\(verdict) in \(seconds(duration / .seconds(1)))"
  }

  /// "→ meaning ← 9000 success".
  private static func line(_ exchange: ScenarioReport.Wire) -> String {
    let answer = exchange.status.map { "\($0.text) \($0.meaning)" } ?? ""
    return "→ \(exchange.meaning) ← \(answer)"
  }

  private static func seconds(_ seconds: Double) -> String { String(format: "%.2f s", seconds) }
}
