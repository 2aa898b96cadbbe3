import Foundation

/// Results as CI systems read them: JUnit XML in the shape Jenkins and GitLab take.
public enum JUnitReport {
  /// One document: the scenarios as test cases of one suite for each channel.
  public static func xml(of results: [ScenarioResult]) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
    for channel in Set(results.map(\.channel)).sorted() {
      let suite = results.filter { $0.channel == channel }
      let failures = suite.filter { !$0.hasPassed && $0.environmentFailure == nil }.count
      let errors = suite.filter { $0.environmentFailure != nil }.count
      let time = suite.reduce(Duration.zero) { $0 + $1.duration }
      let began = suite.map(\.began).min() ?? Date(timeIntervalSince1970: 0)
      text += "  <testsuite name=\"softdna.\(channel)\" tests=\"\(suite.count)\""
      text += " failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"0\""
      text += " time=\"\(seconds(time))\" timestamp=\"\(timestamp(began))\">\n"
      for result in suite { text += testCase(result) }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private static func testCase(_ result: ScenarioResult) -> String {
    let head =
      "    <testcase name=\"\(escaped(result.scenario.name))\""
      + " classname=\"softdna.\(result.channel).\(escaped(stem(result.scenario.file)))\""
      + " time=\"\(seconds(result.duration))\""
    if let failure = result.environmentFailure {
      return head + ">\n      <error message=\"\(escaped(failure))\"/>\n    </testcase>\n"
    }
    guard let step = result.steps.last, let failure = step.failure else { return head + "/>\n" }
    return head + ">\n      <failure message=\"\(escaped(failure.message))\">"
      + escaped("\(step.place): \(step.title): \(failure.message)")
      + "</failure>\n    </testcase>\n"
  }

  private static func stem(_ path: String) -> String {
    URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  private static func timestamp(_ date: Date) -> String {
    String(date.formatted(.iso8601).dropLast())
  }

  private static func seconds(_ duration: Duration) -> String {
    String(format: "%.3f", duration / .seconds(1))
  }

  /// Text for attributes and elements; what XML 1.0 cannot hold is replaced.
  static func escaped(_ text: String) -> String {
    var escaped = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": escaped += "&amp;"
      case "<": escaped += "&lt;"
      case ">": escaped += "&gt;"
      case "\"": escaped += "&quot;"
      case "\n": escaped += "&#10;"
      case "\t": escaped += "&#9;"
      default:
        escaped.unicodeScalars.append(scalar.value < 0x20 ? "\u{FFFD}" : scalar)
      }
    }
    return escaped
  }
}
