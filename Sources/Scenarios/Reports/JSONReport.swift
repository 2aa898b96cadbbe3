import Foundation

/// Results as programs read them: one JSON object a line, one line a scenario.
public enum JSONReport {
  /// The lines, each ended by a line feed.
  public static func lines(of results: [ScenarioReport]) -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return results.map { result in
      // Strings, numbers and truth values always encode.
      let data = (try? encoder.encode(result)) ?? Data()
      return String(decoding: data, as: UTF8.self) + "\n"
    }.joined()
  }

  /// A line is no report.
  public struct Unreadable: Error, CustomStringConvertible {
    /// FILE:LINE and what is wrong.
    public let description: String
  }

  /// What a decoder missed, where it says more than that the line is no report.
  private static func flaw(_ error: any Error) -> String {
    switch error as? DecodingError {
    case .keyNotFound(let key, _)?: ": it has no \"\(key.stringValue)\""
    case .typeMismatch(_, let context)?, .valueNotFound(_, let context)?:
      ": \"\(context.codingPath.map(\.stringValue).joined(separator: "."))\" is something else"
    default: ": it is no JSON object"
    }
  }

  /// Reads lines that `lines(of:)` wrote; `file` is the name messages use.
  public static func read(_ text: String, file: String) throws(Unreadable) -> [ScenarioReport] {
    var results: [ScenarioReport] = []
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
    where !line.isEmpty {
      do {
        results.append(
          try JSONDecoder().decode(ScenarioReport.self, from: Data(line.utf8)))
      } catch {
        throw Unreadable(
          description: "\(file):\(index + 1): no report of softdna run --json\(Self.flaw(error))")
      }
    }
    return results
  }
}
