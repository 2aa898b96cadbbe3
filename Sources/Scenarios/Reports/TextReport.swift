import Authority
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
    of result: ScenarioResult, showsSteps: Bool, paint: (String, Tone) -> String
  ) -> String {
    let mark = result.hasPassed ? paint("✔", .good) : paint("✘", .bad)
    var text = "\(mark) \(paint(result.scenario.name, .title))"
    let facts = [
      "\(result.steps.count) steps",
      "\(result.steps.reduce(0) { $0 + $1.exchanges.count }) APDUs", seconds(result.duration),
      result.channel, "transcript \(result.transcriptHash.prefix(12))",
    ]
    text += paint("  " + facts.joined(separator: " · "), .aside) + "\n"
    if let failure = result.environmentFailure { text += "    \(paint(failure, .bad))\n" }
    for step in result.steps where showsSteps || step.failure != nil {
      let mark = step.failure == nil ? paint("✔", .good) : paint("✘", .bad)
      text += "    \(mark) \(paint(step.day.description, .aside)) \(step.title)\n"
      guard let failure = step.failure else { continue }
      text += "      \(step.place): \(paint(failure.message, .bad))\n"
      for exchange in step.exchanges.suffix(6) { text += "      \(line(exchange))\n" }
      text +=
        "      again: softdna run \(result.scenario.file) --over \(result.channel)"
        + " --seed \(result.scenario.seed) --steps\n"
    }
    return text
  }

  /// How many passed, and how long it took.
  public static func summary(of results: [ScenarioResult], paint: (String, Tone) -> String)
    -> String
  {
    let passed = results.filter(\.hasPassed).count
    let failed = results.count - passed
    let time = seconds(results.reduce(.zero) { $0 + $1.duration })
    let verdict =
      failed == 0
      ? paint("\(passed) passed", .good) + ", 0 failed"
      : "\(passed) passed, " + paint("\(failed) failed", .bad)
    return "\(verdict) in \(time)"
  }

  /// "→ meaning ← 9000 success".
  private static func line(_ exchange: Exchange) -> String {
    let response = exchange.response
    guard response.count >= 2 else { return "→ \(CommandAPDU.meaning(of: exchange.command)) ←" }
    let status = StatusWord(sw1: response[response.count - 2], sw2: response[response.count - 1])
    return "→ \(CommandAPDU.meaning(of: exchange.command)) ← \(status.text) \(status.meaning)"
  }

  private static func seconds(_ duration: Duration) -> String {
    duration.formatted(
      .units(allowed: [.seconds], fractionalPart: .show(length: 2, rounded: .up)))
  }
}
