import Foundation

/// Results in the Test Anything Protocol, version 13, which every consumer knows: a test point a
/// scenario.
public enum TAPReport {
  /// The whole document.
  public static func text(of results: [ScenarioReport]) -> String {
    var text = "TAP version 13\n1..\(results.count)\n"
    for (index, result) in results.enumerated() {
      let name = escaped("\(result.scenario) (\(result.channel))")
      text += "\(result.passed ? "ok" : "not ok") \(index + 1) - \(name)\n"
      text += "  ---\n"
      var facts = [
        ("file", result.file), ("seed", "\(result.seed)"), ("transcript", result.transcript),
      ]
      if let step = result.failedStep {
        facts += [("at", step.place), ("step", step.title), ("message", step.failure ?? "")]
      }
      if let failure = result.environmentFailure { facts.append(("message", failure)) }
      if !result.passed { facts.append(("again", result.reproduction)) }
      text += String(format: "  duration_ms: %.3f\n", result.seconds * 1000)
      for (name, value) in facts { text += "  \(name): \(quoted(value))\n" }
      text += "  ...\n"
    }
    return text
  }

  /// A description must not read as a directive or an escape.
  private static func escaped(_ text: String) -> String {
    text.replacing("\\", with: "\\\\").replacing("#", with: "\\#")
      .replacing("\n", with: " ")
  }

  /// A YAML double-quoted scalar.
  private static func quoted(_ text: String) -> String {
    var quoted = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      default:
        if scalar.value < 0x20 {
          quoted += String(format: "\\x%02X", scalar.value)
        } else {
          quoted.unicodeScalars.append(scalar)
        }
      }
    }
    return "\"\(quoted)\""
  }
}
