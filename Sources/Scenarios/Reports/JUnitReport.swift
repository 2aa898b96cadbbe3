import Foundation

/// Results as CI systems read them: JUnit XML in the shape Jenkins and GitLab take.
public enum JUnitReport {
  /// One document: the scenarios as test cases of one suite for each channel.
  public static func xml(of results: [ScenarioReport]) -> String {
    var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n"
    for channel in Set(results.map(\.channel)).sorted() {
      let suite = results.filter { $0.channel == channel }
      let failures = suite.filter { !$0.passed && $0.environmentFailure == nil }.count
      let errors = suite.filter { $0.environmentFailure != nil }.count
      let time = suite.reduce(0) { $0 + $1.seconds }
      let began = suite.map(\.began).min() ?? "1970-01-01T00:00:00Z"
      text += "  <testsuite name=\"softdna.\(channel)\" tests=\"\(suite.count)\""
      text += " failures=\"\(failures)\" errors=\"\(errors)\" skipped=\"0\""
      text += " time=\"\(decimal(time))\" timestamp=\"\(began.dropLast())\">\n"
      for result in suite { text += testCase(result) }
      text += "  </testsuite>\n"
    }
    return text + "</testsuites>\n"
  }

  private static func testCase(_ result: ScenarioReport) -> String {
    let head =
      "    <testcase name=\"\(escaped(result.scenario))\""
      + " classname=\"softdna.\(result.channel).\(escaped(stem(result.file)))\""
      + " time=\"\(decimal(result.seconds))\""
    if let failure = result.environmentFailure {
      return head + ">\n      <error message=\"\(escaped(failure))\"/>\n    </testcase>\n"
    }
    guard let step = result.failedStep, let failure = step.failure else { return head + "/>\n" }
    return head + ">\n      <failure message=\"\(escaped(failure))\">"
      + escaped("\(step.place): \(step.title): \(failure)\n\(result.reproduction)")
      + "</failure>\n    </testcase>\n"
  }

  private static func stem(_ path: String) -> String {
    URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
  }

  private static func decimal(_ seconds: Double) -> String { String(format: "%.3f", seconds) }

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
        let isForbidden =
          scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF
        escaped.unicodeScalars.append(isForbidden ? "\u{FFFD}" : scalar)
      }
    }
    return escaped
  }
}
