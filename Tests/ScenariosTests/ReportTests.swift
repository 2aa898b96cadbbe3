import Foundation
@testable import Scenarios
import Testing

/// Reports judged by programs that are not ours.
@Suite struct ReportTests {
  /// One scenario that passes and one that fails, with everything a report must escape.
  private static let results: [ScenarioReport] = {
    func wire(_ command: String, _ meaning: String, _ response: String) -> ScenarioReport.Wire {
      ScenarioReport.Wire(command: command, meaning: meaning, response: response)
    }
    let steps = [
      ScenarioReport.Step(
        place: "a.yaml:3:5", keyword: "issue", title: "issue a token", day: "2026-03-02",
        seconds: 0.2, failure: nil,
        exchanges: [
          wire(
            "00DA016E1F8302001085080203870" + "3FF000005", "PUT DATA 016E, 31 bytes", "9000")
        ],
        events: [
          ScenarioReport.Logged(kind: "device-activated", detail: ["expiryDay": "2029-03-02"])
        ]),
      ScenarioReport.Step(
        place: "a.yaml:4:5", keyword: "verify", title: "present a PIN <&\"#> → 63C2",
        day: "2026-03-02", seconds: 0.01, failure: nil,
        exchanges: [wire("00200010083030303030303030", "VERIFY PIN (CNS)", "63C2")], events: []),
    ]
    let passed = ScenarioReport(
      scenario: "Passes # <&\"> \\ ü", file: "dir/a.yaml", details: "Why & what",
      source: "<domain>",
      tags: ["pin", "a&b"], channel: "direct", seed: 7, passed: true,
      began: "2026-03-02T10:00:00Z", seconds: 0.25, transcript: "00ff", steps: steps)
    var failed = passed
    failed.scenario = "Fails ]]> \u{1} [chip=current]"
    failed.passed = false
    failed.steps[1].failure = "expected 63C2\nthe card \"answered\" <6983>: blocked\u{7}"
    var absent = passed
    absent.scenario = "Has no world"
    absent.passed = false
    absent.steps = []
    absent.environmentFailure = "pcscd is not installed: apt-get install pcscd"
    return [passed, failed, absent]
  }()

  private func written(_ text: String, _ name: String) throws -> String {
    let path = try Files.scratch() + "/" + name
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  @Test func `JUnit XML is valid for xmllint`() throws {
    let file = try written(JUnitReport.xml(of: Self.results), "r.xml")
    let lint = try Tool(
      ["xmllint", "--noout", "--schema", Files.tests + "/junit.xsd", file])
    #expect(lint.status == 0, "\(lint.output)")
    let count = try Tool(
      ["xmllint", "--xpath", "string(/testsuites/testsuite/@failures)", file])
    #expect(count.output.trimmingCharacters(in: .whitespacesAndNewlines) == "1")
  }

  @Test func `JSON lines are lines of JSON for jq`() throws {
    let file = try written(JSONReport.lines(of: Self.results), "r.json")
    let jq = try Tool(["jq", "-r", "[.scenario, .passed, .steps[1].failure // \"\"] | @tsv", file])
    #expect(jq.status == 0, "\(jq.output)")
    #expect(jq.output.split(separator: "\n").count == 3)
    #expect(jq.output.contains("Passes # <&\"> \\\\ ü\ttrue"))
  }

  @Test func `JSON lines come back as they were`() throws {
    let text = JSONReport.lines(of: Self.results)
    #expect(try JSONReport.read(text, file: "r.json") == Self.results)
    let error = #expect(throws: JSONReport.Unreadable.self) {
      try JSONReport.read(text + "{}\n", file: "r.json")
    }
    #expect(
      error?.description
        == "r.json:4: no report of softdna run --json: it has no \"scenario\"")
  }

  @Test func `TAP counts for Perl's parser`() throws {
    let file = try written(TAPReport.text(of: Self.results), "r.tap")
    let prove = try Tool(["prove", "--verbose", "--exec", "cat", file])
    #expect(prove.status != 0)
    #expect(prove.output.contains("Failed tests:  2-3"), "\(prove.output)")
    #expect(prove.output.contains("Failed 2/3 subtests"), "\(prove.output)")
    #expect(!prove.output.contains("Parse errors"), "\(prove.output)")
    let good = try written(TAPReport.text(of: [Self.results[0]]), "good.tap")
    #expect(try Tool(["prove", "--exec", "cat", good]).status == 0)
  }

  @Test func `the page shows in Chromium, loads nothing and draws the tries`() throws {
    let page = HTMLReport.page(of: Self.results)
    for scheme in ["http:", "https:", "//cdn", "src=", "@import", "url("] {
      #expect(!page.contains(scheme), "a page that loads nothing has no \(scheme)")
    }
    let file = try written(page, "r.html")
    let dump = try Tool(
      [
        "chromium", "--headless", "--no-sandbox", "--disable-gpu", "--dump-dom",
        "--user-data-dir=" + (file as NSString).deletingLastPathComponent + "/profile",
        "file://" + file + "#s0",
      ])
    #expect(dump.status == 0, "\(dump.output)")
    #expect(dump.output.contains("2 of 3 scenarios failed"))
    // The script has run: the scenario that the address names is open.
    #expect(dump.output.contains("id=\"s0\" open="))
    #expect(dump.output.contains("present a PIN &lt;&amp;\"#&gt;"))
    #expect(dump.output.contains("class=\"line\""))
  }

  @Test func `coverage crosses answers with both states, and tells what is missing`() throws {
    var told = Self.results[0]
    told.steps[0].exchanges = [
      ScenarioReport.Wire(command: "00200010083030303030303030", meaning: "", response: "9000"),
      ScenarioReport.Wire(command: "00DA01830110", meaning: "", response: "9000"),
      ScenarioReport.Wire(command: "002A9E9A01FF00", meaning: "", response: "6A80"),
    ]
    told.steps.removeLast(told.steps.count - 1)
    let page = HTMLReport.page(of: [told])
    let answer = "<span class=\"answer fair\">6A80 <small>1</small></span>"
    // Manufactured, initialised and personalised no; operational yes; terminated no.
    #expect(
      page.contains(
        "<tr class=\"pins\"><td>CNS PIN verified</td>"
          + "<td></td><td></td><td></td><td>\(answer)</td><td></td></tr>"))
    let text = Coverage([told]).text
    let missing = try #require(text.components(separatedBy: "what no scenario reaches:\n").last)
    let lines = missing.components(separatedBy: "\n")
    let never = try #require(lines.first { $0.contains("instructions never sent: ") })
    #expect(never.contains("READ RECORD") && !never.contains("VERIFY"))
    let words = try #require(lines.first { $0.contains("status words never seen: ") })
    #expect(words.contains("6982") && words.contains("63Cx") && !words.contains("6A80"))
    #expect(lines.contains { $0.contains("card that is manufactured: PERFORM SECURITY OPERATION") })
    let pins = try #require(lines.first { $0.contains("states of the PINs no command met: ") })
    #expect(pins.contains("CNS PIN and signature PIN verified"))
    #expect(!pins.contains(": no PIN verified,") && !pins.contains(": CNS PIN verified,"))
  }

  @Test func `results of shards are joined, and a failure stays one`() throws {
    let first = try written(JSONReport.lines(of: [Self.results[1]]), "1.json")
    var again = Self.results[1]
    again.passed = true
    let second = try written(JSONReport.lines(of: [Self.results[0], again]), "2.json")
    let folder = try Files.scratch()
    let merge = try Tool.softdna(
      "report", "merge", first, second, "--junit", folder + "/all.xml", "--json",
      folder + "/all.json", "--html", folder + "/all.html", "--tap", folder + "/all.tap")
    #expect(merge.status == 1)
    #expect(merge.output.contains("1 passed, 1 failed"))
    let joined = try String(contentsOfFile: folder + "/all.json", encoding: .utf8)
    #expect(try JSONReport.read(joined, file: "all").count == 2)
  }
}
