import Foundation
import Testing

@Suite("softdna exec", .runsInAWorld(.opensc))
struct ExecTests {
  /// What a command's end becomes.
  struct Ending: CustomTestStringConvertible, Sendable {
    let command: [String]
    let status: Int32
    var testDescription: String { command.joined(separator: " ") }
  }

  @Test(
    "passes on how its command ended",
    arguments: [
      Ending(command: ["true"], status: 0), Ending(command: ["sh", "-c", "exit 7"], status: 7),
      Ending(command: ["sh", "-c", "kill -TERM $$"], status: 143),
      Ending(command: ["sh", "-c", "kill -KILL $$"], status: 137),
      Ending(command: ["sh", "-c", "kill -INT $$"], status: 130),
      Ending(command: ["there-is-no-such-command"], status: 127),
      Ending(command: ["/etc/passwd"], status: 126),
    ])
  func status(ending: Ending) async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      ["exec", "--state", token.state, "--"] + ending.command, in: token.folder)
    #expect(outcome.status == ending.status, "\(outcome)")
    #expect(token.folder.entries == ["state"])
  }

  @Test("issues a token for the command where none is named, and throws it away")
  func throwaway() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Softdna.run(
      [
        "exec", "--", "sh", "-euc",
        #"opensc-tool -n; pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN""#,
      ], in: folder)
    #expect(outcome.status == 0 && outcome.output == "CNS card\n", "\(outcome)")
    #expect(folder.entries.isEmpty)
  }

  @Test("tells the command what it needs, whatever folder that goes to")
  func environment() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      [
        "exec", "--state", "state", "--", "sh", "-euc",
        """
        cd /
        openssl x509 -in "$SOFTDNA_CA_FILE" -noout -subject -nameopt sep_multiline | tail -1
        test -f "$SOFTDNA_STATE/scratch-card.json"
        echo $SOFTDNA_PIN $SOFTDNA_PUK $SOFTDNA_SIGNATURE_PIN $SOFTDNA_SIGNATURE_PUK
        """,
      ], in: token.folder)
    let codes = try token.codes()
    #expect(
      outcome.output == """
            CN=softdna TEST Root CA
        \(codes.pinCNS) \(codes.pukCNS) \(codes.pinSignature) \(codes.pukSignature)

        """, "\(outcome)")
  }

  @Test("runs four worlds at once, each with its own token")
  func parallel() async throws {
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for seed in 1...4 {
        group.addTask {
          let token = try await TestToken(.current, "--seed", "\(seed)")
          let number = try await token.cardNumber()
          let outcome = try await token.succeed(
            "for round in 1 2 3; do pkcs15-tool -D | grep Serial; done")
          let lines = outcome.output.split(separator: "\n")
          return lines.count == 3 && lines.allSatisfy { $0.hasSuffix(": \(number)") }
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test(
    "needs no root",
    .enabled(if: geteuid() == 0, "runs as an ordinary user already: every test here shows it"))
  func ordinaryUser() async throws {
    let folder = try TemporaryFolder()
    chmod(folder.path, 0o777)
    // Another user may not reach where the tests were built.
    try FileManager.default.copyItem(atPath: Softdna.executable, toPath: folder.path("softdna"))
    let outcome = try await Program.run(
      "setpriv",
      [
        "--reuid", "65534", "--regid", "65534", "--clear-groups", "sh", "-euc",
        """
        ./softdna issue --state mine --seed 1 > card
        ./softdna exec --state mine -- sh -euc \
          'id -u; opensc-tool -n; pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN"'
        """,
      ], environment: Softdna.environment(in: folder), folder: folder.path)
    #expect(outcome.output == "65534\nCNS card\n", "\(outcome)")
    #expect(folder.entries == ["card", "mine", "softdna"])
  }

  @Test("gives a token to one at a time")
  func inUse() async throws {
    let token = try await TestToken()
    let outcome = try await token.exec("touch running; while [ -e running ]; do sleep 0.05; done") {
      _ in
      try await token.folder.wait(for: "running")
      let second = try await token.exec("echo never")
      #expect(second.status == 2 && second.output.isEmpty, "\(second)")
      #expect(second.errors.contains("another process uses this token"), "\(second)")
      try FileManager.default.removeItem(atPath: token.folder.path("running"))
    }
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("needs a token and a command")
  func usage() async throws {
    let folder = try TemporaryFolder()
    let noToken = try await Softdna.run(["exec", "--state", "none", "--", "true"], in: folder)
    #expect(noToken.status == 2, "\(noToken)")
    #expect(noToken.errors.contains("there is no token in none; issue one"), "\(noToken)")
    let noCommand = try await Softdna.run(["exec"], in: folder)
    #expect(noCommand.status == 2 && noCommand.errors.contains("no command"), "\(noCommand)")
    #expect(folder.entries.isEmpty)
  }
}
