import Foundation
import Testing

/// A softdna token stands in a reader as a real card would: the runner does not know what it is.
@Suite("softdna run --over reader:NAME", .runsInAWorld())
struct RealCardTests {
  private static let scenarios = Softdna.repository + "/scenarios"

  /// Runs scenarios against the card in the reader of the token's world.
  private func run(_ token: TestToken, _ arguments: String) async throws -> Outcome {
    try await token.exec("\"$SOFTDNA\" run --over \"reader:$SOFTDNA_READER\" \(arguments)")
  }

  private func tries(_ token: TestToken) async throws -> [Substring] {
    let inspection = try await Softdna.run(["inspect", "--state", token.state], in: token.folder)
    return inspection.output.split(separator: "\n").filter { $0.contains(" tries") }
  }

  @Test("passes the card-level suite and leaves the card as it found it")
  func cardSuite() async throws {
    let token = try await TestToken()
    let before = try await tries(token)
    // The second run needs the PINs that the first one has put back.
    for _ in 0..<2 {
      let outcome = try await run(
        token, "--i-know-this-is-a-real-card --tag any-card \(Self.scenarios)/card")
      #expect(outcome.status == 0 && outcome.output.contains("17 passed, 0 failed"), "\(outcome)")
    }
    let after = try await tries(token)
    #expect(before == after && before.count == 5)
  }

  @Test("sends nothing where a step may spend something and nobody said that it may")
  func guarded() async throws {
    let token = try await TestToken()
    try token.folder.write(
      """
      name: spends
      steps:
        - issued
        - challenge
        - verify: { pin: "00000000", expect: 63C2 }

      """, to: "spends.yaml")
    let before = try Data(contentsOf: URL(fileURLWithPath: token.state + "/token.nv"))
    let refused = try await run(token, "spends.yaml")
    #expect(refused.status == 2 && refused.output.isEmpty, "\(refused)")
    #expect(refused.errors.contains("spends.yaml:5:5: error: step verify"), "\(refused)")
    #expect(refused.errors.contains("--i-know-this-is-a-real-card"), "\(refused)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: token.state + "/token.nv")) == before)
    let told = try await run(token, "spends.yaml --i-know-this-is-a-real-card")
    #expect(told.status == 0, "\(told)")
  }

  @Test("tells how to run a failure again, leave to spend tries included")
  func again() async throws {
    let token = try await TestToken()
    try token.folder.write(
      "name: fails\nsteps: [issued, { verify: { pin: \"00000000\" } }]\n", to: "fails.yaml")
    let failed = try await run(token, "fails.yaml --i-know-this-is-a-real-card")
    #expect(failed.status == 1, "\(failed)")
    let line = try #require(failed.output.split(separator: "\n").first { $0.contains("again: ") })
    let command = try #require(line.components(separatedBy: "again: softdna ").last)
    let again = try await token.exec("\"$SOFTDNA\" \(command)")
    #expect(again.status == 1 && again.output.contains("63C2"), "\(again)")
  }

  @Test("reads without being told that it may")
  func reading() async throws {
    let token = try await TestToken()
    let outcome = try await run(token, "\(Self.scenarios)/card/read-binary.yaml")
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("sends nothing where a step needs a factory or an authority, whatever was said")
  func issuing() async throws {
    let token = try await TestToken()
    let outcome = try await run(
      token, "\(Self.scenarios)/renewal/second-time.yaml --i-know-this-is-a-real-card")
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(
      outcome.errors.contains("second-time.yaml:7:5: error: step issue of"), "\(outcome)")
    #expect(outcome.errors.contains("no chip from the factory"), "\(outcome)")
  }

  @Test("names the readers there are where the named one is not")
  func noReader() async throws {
    let token = try await TestToken()
    let outcome = try await token.exec(
      "\"$SOFTDNA\" run --over reader:nowhere \(Self.scenarios)/card/select.yaml")
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.errors.contains("Digital DNA Key"), "\(outcome)")
  }
}
