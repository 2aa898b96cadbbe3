import Foundation
import Testing

/// Where reports go: files, pipes, standard output.
@Suite struct ReportFileTests {
  private let folder: String
  private let scenario: String

  init() throws {
    folder = try Files.scratch()
    scenario = folder + "/a.yaml"
    try "name: a\nsteps: [{ advance-clock: { days: 1 } }]\n"
      .write(toFile: scenario, atomically: true, encoding: .utf8)
  }

  private func shell(_ script: String) throws -> Tool {
    try Tool(["sh", "-euc", script, Tool.softdnaPath(), scenario], in: folder)
  }

  @Test func `a pipe gets the report and stays a pipe`() throws {
    let told = try shell(
      """
      mkfifo pipe
      jq -r .scenario < pipe > name & reader=$!
      "$0" run "$1" --json pipe
      test -p pipe || { kill $reader; echo 'no pipe any more'; exit 3; }
      wait $reader; cat name
      """)
    #expect(told.status == 0 && told.output.hasSuffix("\na\n"), "\(told.output)")
  }

  @Test func `on standard output stands the report alone`() throws {
    let told = try shell(#""$0" run "$1" --json - 2> text | jq -r .transcript; cat text"#)
    #expect(told.status == 0, "\(told.output)")
    #expect(told.output.contains(#/^[0-9a-f]{64}\n✔ a /#), "\(told.output)")
    #expect(told.output.contains("1 passed, 0 failed"), "\(told.output)")
    let tap = try shell(#""$0" run "$1" --tap - 2> text > out.tap; prove --exec cat out.tap"#)
    #expect(tap.status == 0, "\(tap.output)")
  }

  @Test(arguments: [
    ["--junit", "nowhere/r.xml"], ["--html", "."], ["--artifacts", "a.yaml/left"],
  ])
  func `what cannot be written is told before anything runs`(option: [String]) throws {
    let told = try shell(#""$0" run "$1" "# + option.joined(separator: " "))
    #expect(told.status == 2, "\(told.output)")
    #expect(told.output.hasPrefix("softdna: \(option[1]) cannot be written: "), "\(told.output)")
    #expect(!told.output.contains("passed"), "\(told.output)")
  }
}
