import Authority
import Foundation
import ISO7816
import Terminal

/// Results as programs read them: one JSON object a line, one line a scenario.
public enum JSONReport {
  private struct Line: Encodable {
    let scenario: String
    let file: String
    let channel: String
    let seed: UInt64
    let passed: Bool
    let seconds: Double
    let transcript: String
    let environmentFailure: String?
    let steps: [Step]
  }

  private struct Step: Encodable {
    let place: String
    let title: String
    let day: String
    let seconds: Double
    let failure: String?
    let exchanges: [Wire]
  }

  private struct Wire: Encodable {
    let command: String
    let meaning: String
    let response: String
  }

  /// The lines, each ended by a line feed.
  public static func lines(of results: [ScenarioResult]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return results.map { result in
      let line = Line(
        scenario: result.scenario.name, file: result.scenario.file, channel: result.channel,
        seed: result.scenario.seed, passed: result.hasPassed,
        seconds: result.duration / .seconds(1), transcript: result.transcriptHash,
        environmentFailure: result.environmentFailure, steps: result.steps.map(step))
      // Strings, numbers and truth values always encode.
      let data = (try? encoder.encode(line)) ?? Data()
      return String(decoding: data, as: UTF8.self) + "\n"
    }.joined()
  }

  private static func step(_ result: StepResult) -> Step {
    Step(
      place: result.place.description, title: result.title, day: result.day.description,
      seconds: result.duration / .seconds(1), failure: result.failure?.message,
      exchanges: result.exchanges.map {
        Wire(
          command: Hex.text($0.command), meaning: CommandAPDU.meaning(of: $0.command),
          response: Hex.text($0.response))
      })
  }
}
