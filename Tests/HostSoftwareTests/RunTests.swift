import Foundation
import Testing

@Suite("softdna run", .runsInAWorld())
struct RunTests {
  private static let scenarios = Softdna.repository + "/scenarios"

  /// What matters of a line of the JSON report.
  private struct Result: Decodable {
    let scenario: String
    let passed: Bool
    let transcript: String
  }

  private func run(_ channel: String, in folder: TemporaryFolder) async throws -> [Result] {
    let outcome = try await Softdna.run(
      [
        "run", Self.scenarios + "/issuance.yaml", Self.scenarios + "/blocking.yaml",
        Self.scenarios + "/renewal.yaml", "--over", channel, "--json", "\(channel).json", "--junit",
        "\(channel).xml",
      ], in: folder)
    #expect(outcome.status == 0, "\(outcome)")
    return try folder.text(of: "\(channel).json").split(separator: "\n").map {
      try JSONDecoder().decode(Result.self, from: Data($0.utf8))
    }
  }

  @Test("replays the core scenarios over PC/SC as in-process, byte for byte", .runs(.libxml2))
  func channels() async throws {
    let folder = try TemporaryFolder()
    let direct = try await run("direct", in: folder)
    let pcsc = try await run("pcsc", in: folder)
    #expect(direct.count >= 3 && direct.count == pcsc.count)
    for (one, other) in zip(direct, pcsc) {
      #expect(one.passed && other.passed && one.scenario == other.scenario)
      #expect(one.transcript.count >= 32 && one.transcript == other.transcript)
    }
    // Worlds and authorities are gone.
    #expect(folder.entries == ["direct.json", "direct.xml", "pcsc.json", "pcsc.xml"])
    for channel in ["direct", "pcsc"] {
      let lint = try await Program.run(
        "xmllint", ["--noout", "\(channel).xml"], folder: folder.path)
      #expect(lint.status == 0 && lint.errors.isEmpty, "\(lint)")
      let report = try folder.text(of: "\(channel).xml")
      #expect(report.contains("tests=\"\(direct.count)\""))
      #expect(report.contains("failures=\"0\""))
    }
  }

  @Test("ends with 1 where a scenario fails, and says so in JUnit", .runs(.libxml2))
  func failure() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      name: <fails> & says "why"
      seed: 1
      steps:
        - issue
        - verify: { pin: "00000000" }

      """, to: "fails.yaml")
    let outcome = try await Softdna.run(["run", "fails.yaml", "--junit", "report.xml"], in: folder)
    #expect(outcome.status == 1 && outcome.output.contains("fails.yaml:5:"), "\(outcome)")
    let report = try await Program.run(
      "xmllint", ["--xpath", "string(//testcase[failure]/failure/@message)", "report.xml"],
      folder: folder.path)
    #expect(report.status == 0 && report.output.contains("63C2"), "\(report)")
  }

  /// A broken file, and where it breaks.
  struct Broken: CustomTestStringConvertible, Sendable {
    let text: String
    let place: String
    let reason: String
    var testDescription: String { reason }
  }

  @Test(
    "runs nothing where a file is wrong, and says where",
    arguments: [
      Broken(text: "name: a\nsteps:\n  - issu\n", place: "3:5", reason: "issu"),
      Broken(
        text: "name: a\nsteps:\n  - issue\n  - verify: { expct: 9000 }\n", place: "4:15",
        reason: "expct"),
      Broken(
        text: "name: a\nsteps:\n  - verify: { expect: 90 }\n", place: "3:23", reason: "90"),
      Broken(text: "name: a\nsteps:\n  - issue: {\n", place: "4:1", reason: "YAML"),
    ])
  func broken(broken: Broken) async throws {
    let folder = try TemporaryFolder()
    try folder.write(broken.text, to: "broken.yaml")
    let outcome = try await Softdna.run(
      ["run", Self.scenarios + "/issuance.yaml", "broken.yaml"], in: folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.errors.contains("broken.yaml:\(broken.place)"), "\(outcome)")
    #expect(outcome.errors.contains(broken.reason), "\(outcome)")
  }

  @Test("names a file that is not there")
  func noFile() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Softdna.run(["run", "none.yaml"], in: folder)
    #expect(outcome.status == 2 && outcome.errors.contains("none.yaml"), "\(outcome)")
  }
}
