import Glibc
import Testing

@Suite("softdna exec, interrupted, leaves nothing behind", .runsInAWorld())
struct ExecInterruptionTests {
  @Test("by Ctrl-C, which ends the command too")
  func controlC() async throws {
    let token = try await TestToken()
    let folder = token.folder
    let outcome = try await token.exec("touch running; sleep 100; echo never") { running in
      try await folder.wait(for: "running")
      try running.send(SIGINT, true)
    }
    #expect(outcome.status == 130 && outcome.output.isEmpty, "\(outcome)")
    #expect(folder.entries == ["running", "state"])
    #expect(folder.processes.isEmpty)
    try await token.succeed("true")
  }

  @Test("by Ctrl-C, which a command may survive")
  func survivedControlC() async throws {
    let token = try await TestToken()
    let folder = token.folder
    let outcome = try await token.exec(
      "trap 'echo caught; exit 3' INT; touch running; while :; do sleep 0.05; done"
    ) { running in
      try await folder.wait(for: "running")
      try running.send(SIGINT, true)
    }
    #expect(outcome.status == 3 && outcome.output == "caught\n", "\(outcome)")
    #expect(folder.entries == ["running", "state"])
  }

  @Test("by SIGTERM or SIGHUP, which it passes on", arguments: [SIGTERM, SIGHUP])
  func terminated(signal: Int32) async throws {
    let token = try await TestToken()
    let folder = token.folder
    let outcome = try await token.exec("touch running; exec sleep 100") { running in
      try await folder.wait(for: "running")
      try running.send(signal, false)
    }
    #expect(outcome.status == 128 + signal, "\(outcome)")
    #expect(folder.entries == ["running", "state"])
    #expect(folder.processes.isEmpty)
    try await token.succeed("true")
  }

  @Test(
    "before the command runs, with a token that was to be thrown away",
    arguments: [SIGINT, SIGTERM], [30, 150, 300, 500, 700])
  func early(signal: Int32, milliseconds: Int) async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Softdna.run(["exec", "--", "sleep", "100"], in: folder) { running in
      try await Task.sleep(for: .milliseconds(milliseconds))
      try running.send(signal, true)
    }
    #expect(outcome.status == 128 + signal || outcome.status == -signal, "\(outcome)")
    for _ in 0..<200 where !folder.entries.isEmpty { try await Task.sleep(for: .milliseconds(10)) }
    #expect(folder.entries.isEmpty)
    #expect(folder.processes.isEmpty)
  }
}
