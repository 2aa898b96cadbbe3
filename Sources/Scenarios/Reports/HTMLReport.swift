import ISO7816
import Terminal

/// Results as a page that people look at: one file, nothing loaded from anywhere.
public enum HTMLReport {
  /// The whole page.
  public static func page(of results: [ScenarioReport]) -> String {
    let failed = results.count { !$0.passed }
    let exchanges = results.reduce(0) { $0 + $1.steps.reduce(0) { $0 + $1.exchanges.count } }
    let steps = results.reduce(0) { $0 + $1.steps.count }
    let title =
      failed == 0
      ? "All \(results.count) scenarios passed" : "\(failed) of \(results.count) scenarios failed"
    var page = """
      <!DOCTYPE html>
      <html lang="en"><head><meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <title>softdna: \(escaped(title))</title>
      <style>\(HTMLStyle.sheet)</style></head><body>
      <header class="\(failed == 0 ? "good" : "bad")">
      <h1>\(escaped(title))</h1>
      <ul class="figures">
      <li><b>\(results.count)</b> scenarios</li><li><b>\(steps)</b> steps</li>
      <li><b>\(exchanges)</b> APDUs</li>
      <li><b>\(Set(results.map(\.channel)).sorted().joined(separator: ", "))</b> channel</li>
      <li><b>\(seconds(results.reduce(0) { $0 + $1.seconds }))</b> in all</li></ul>
      <nav class="tiles" aria-label="scenarios">

      """
    for (index, result) in results.enumerated() {
      page +=
        "<a href=\"#s\(index)\" class=\"\(result.passed ? "good" : "bad")\""
        + " title=\"\(escaped(result.scenario))\"></a>"
    }
    page += """
      </nav>
      <p class="tools"><input type="search" id="find" placeholder="find a scenario, a tag, a step"
      aria-label="find"> <button type="button" id="open">open all</button>
      <a href="#coverage">coverage</a></p></header><main>

      """
    for (index, result) in results.enumerated() { page += scenario(result, index) }
    page += HTMLCoverage(Coverage(results)).section
    page += "</main>\n<script>\(HTMLStyle.script)</script></body></html>\n"
    return page
  }

  // MARK: One scenario

  private static func scenario(_ result: ScenarioReport, _ index: Int) -> String {
    let count = result.steps.reduce(0) { $0 + $1.exchanges.count }
    var text = """
      <details class="scenario \(result.passed ? "good" : "bad")" id="s\(index)"\
      \(result.passed ? "" : " open")><summary>
      <span class="mark">\(result.passed ? "✔" : "✘")</span>
      <span class="name">\(escaped(result.scenario))</span>
      <span class="facts">\(result.tags.map { "<i>\(escaped($0))</i>" }.joined()) \
      \(result.steps.count) steps · \(count) APDUs · \(seconds(result.seconds)) · \
      \(escaped(result.channel))</span></summary>

      """
    if let details = result.details { text += "<p class=\"about\">\(escaped(details))</p>\n" }
    text += "<p class=\"about\">"
    if let source = result.source { text += "<span>source: \(escaped(source))</span>" }
    text += "<span>\(escaped(result.file))</span><span>seed \(result.seed)</span>"
    text += "<span>transcript \(result.transcript.prefix(12))</span></p>\n"
    if let failure = result.environmentFailure {
      text += "<p class=\"failure\">\(escaped(failure))</p>\n"
    }
    text += "<div class=\"drawing\">\(Timeline(result).drawing)</div>\n<ol class=\"steps\">\n"
    var day = ""
    for step in result.steps {
      text += self.step(step, showsDay: step.day != day)
      day = step.day
    }
    text += "</ol>\n"
    if !result.passed {
      text += "<p class=\"again\">again: <code>\(escaped(result.reproduction))</code></p>\n"
    }
    return text + "</details>\n"
  }

  private static func step(_ step: ScenarioReport.Step, showsDay: Bool) -> String {
    var text = "<li class=\"\(step.failure == nil ? "good" : "bad")\">"
    text += "<time>\(showsDay ? step.day : "")</time>"
    text += "<div>"
    var line = "<span class=\"word\">\(escaped(step.keyword))</span> \(escaped(step.title))"
    for event in step.events { line += " <em>\(escaped(words(event)))</em>" }
    if step.exchanges.isEmpty {
      text += "<p>\(line)</p>"
    } else {
      let count = step.exchanges.count
      text +=
        "<details\(step.failure == nil ? "" : " open")><summary>\(line)"
        + " <small>\(count) APDU\(count == 1 ? "" : "s")</small></summary><table>"
      for exchange in step.exchanges { text += row(exchange) }
      text += "</table></details>"
    }
    if let failure = step.failure {
      text += "<p class=\"failure\"><b>\(escaped(step.place))</b> \(escaped(failure))</p>"
    }
    return text + "</div></li>\n"
  }

  private static func row(_ exchange: ScenarioReport.Wire) -> String {
    let status = exchange.status
    let tone =
      switch status?.sw1 {
      case 0x90, 0x61: "good"
      case 0x62, 0x63, 0x6C: "fair"
      default: "bad"
      }
    return "<tr><td>\(escaped(exchange.meaning))</td>"
      + "<td class=\"\(tone)\"><b>\(status?.text ?? "")</b> \(escaped(status?.meaning ?? ""))</td>"
      + "<td><code>\(shortened(exchange.command))</code>"
      + " → <code>\(shortened(exchange.response))</code></td></tr>"
  }

  private static func words(_ event: ScenarioReport.Logged) -> String {
    let detail = ["purpose", "reason", "expiryDay", "newExpiryDay", "cardNumber"]
      .compactMap { event.detail[$0] }
    return ([event.kind.replacing("-", with: " ")] + detail).joined(separator: " · ")
  }

  private static func shortened(_ hex: String) -> String {
    hex.count <= 64 ? hex : hex.prefix(48) + "…" + hex.suffix(8)
  }

  /// Text for elements and attributes.
  static func escaped(_ text: String) -> String {
    text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
      .replacing("\"", with: "&quot;")
  }

  private static func seconds(_ seconds: Double) -> String {
    let hundredths = Int((seconds * 100).rounded())
    let fraction = hundredths % 100
    return "\(hundredths / 100).\(fraction < 10 ? "0" : "")\(fraction) s"
  }
}
