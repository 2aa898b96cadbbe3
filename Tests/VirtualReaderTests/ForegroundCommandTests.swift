import Glibc
import HostProcesses
import Testing

@testable import VirtualReader

@Suite("A command in a private world", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct ForegroundCommandTests {
  @Test(
    "passes its exit status through",
    arguments: [
      (["true"], 0), (["sh", "-c", "exit 42"], 42), (["sh", "-c", "kill -KILL $$"], 137),
      (["no-such-command-anywhere"], 127), (["/etc/passwd"], 126), (["/"], 126), ([], 127),
    ] as [([String], Int32)])
  func status(arguments: [String], status: Int32) {
    #expect(ForegroundCommand.run(arguments, adding: [:]) == status)
  }

  @Test("lives in that world, and in the caller's environment otherwise")
  func environment() throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    let script = """
      test "$PCSCLITE_CSOCK_NAME" = \(world.socketPath) || exit 1
      test "$EXTRA" = yes || exit 2
      test -n "$PATH" || exit 3
      opensc-tool -r 0 -s 0084000008 >/dev/null || exit 4
      """
    #expect(world.run(["sh", "-c", script], environment: ["EXTRA": "yes"]) == 0)
  }

  @Test("gets the signals that were meant to end it, and the world ends after it")
  func forwarding() async throws {
    for signal in [SIGTERM, SIGHUP] {
      let scratch = try ScratchDirectory()
      let path = scratch.path
      await #expect(processExitsWith: .exitCode(40 + signal)) {
        [path = path as String, signal = signal as Int32] in
        let world = try PrivateWorld.start(card: TestCard(), configuration: .inDirectory(path))
        let script = """
          trap 'exit \(40 + signal)' \(signal)
          kill -\(signal) $PPID
          while :; do sleep 0.02; done
          """
        let status = world.run(["sh", "-c", script])
        world.stop()
        exit(status)
      }
      #expect(scratch.entries.isEmpty)
      #expect(scratch.processes.isEmpty)
    }
  }

  @Test("has the terminal's interrupt for itself")
  func interrupt() async {
    await #expect(processExitsWith: .exitCode(130)) {
      // Whatever the test runner did with it. What Ctrl-C does then: the signal goes to us and to the command.
      signal(SIGINT, SIG_DFL)
      exit(ForegroundCommand.run(["sh", "-c", "kill -INT $PPID; kill -INT $$"], adding: [:]))
    }
  }

  @Test("leaves the caller's own signal handling as it was")
  func restored() async {
    await #expect(processExitsWith: .signal(SIGTERM)) {
      _ = ForegroundCommand.run(["true"], adding: [:])
      endBySignal(SIGTERM)
    }
  }

  @Test("stays in the caller's process group, where the terminal's programs must be")
  func processGroup() {
    let script = "test \"$(cut -d' ' -f5 /proc/self/stat)\" = \(getpgrp())"
    #expect(ForegroundCommand.run(["sh", "-c", script], adding: [:]) == 0)
  }
}
