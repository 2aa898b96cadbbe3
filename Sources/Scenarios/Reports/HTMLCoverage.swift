/// The part of the page that tells what a run has seen of the card.
struct HTMLCoverage {
  private let coverage: Coverage

  init(_ coverage: Coverage) { self.coverage = coverage }

  /// A row an instruction, its answers under the states of the card's life; behind it the same for
  /// each state of the PINs.
  var section: String {
    var text = """
      <section id="coverage"><h2>Coverage</h2>
      <p class="about">Which answers each instruction gave, in which states of the card's life
      and, opened, of its PINs.</p><div class="drawing"><table class="coverage"><thead><tr>
      <th>instruction</th>
      """
    for state in Coverage.lifeCycles { text += "<th class=\"state\">\(state)</th>" }
    text += "</tr></thead>\n"
    for instruction in Coverage.known where coverage.instructions[instruction] != nil {
      let pins = coverage.pinStates(of: instruction).sorted()
      text += "<tbody><tr><th><label><input type=\"checkbox\"> \(HTMLReport.escaped(instruction))"
      text += " <small>\(pins.count) PIN state\(pins.count == 1 ? "" : "s")</small></label></th>"
      text += cells(instruction, nil) + "</tr>\n"
      for state in pins {
        text += "<tr class=\"pins\"><td>\(HTMLReport.escaped(state))</td>"
        text += cells(instruction, state) + "</tr>\n"
      }
      text += "</tbody>"
    }
    text += "</table></div>\n<h2>What no scenario reaches</h2>\n<ul class=\"unreached\">\n"
    for sentence in coverage.unreached { text += "<li>\(HTMLReport.escaped(sentence))</li>\n" }
    return text + "</ul></section>\n"
  }

  private func cells(_ instruction: String, _ pins: String?) -> String {
    Coverage.lifeCycles.map { state in
      let answers = coverage.statuses(of: instruction, in: state, pins).map { status, count in
        let tone = status.hasPrefix("9") || status.hasPrefix("61") ? "good" : "fair"
        return "<span class=\"answer \(tone)\">\(status) <small>\(count)</small></span>"
      }
      return "<td>\(answers.joined(separator: " "))</td>"
    }.joined()
  }
}
