import Glibc
import Terminal
import Testing

@testable import VirtualReader

/// Each of these runs in a process of its own, which ends in one way or another.
@Suite("A process with a private world", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct CleanUpTests {
  @Test("leaves nothing when it is killed without a chance to clean up")
  func killed() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let worlds = try (0..<2).map { _ in
        try PrivateWorld.start(card: TestCard(), configuration: .inDirectory(path))
      }
      withExtendedLifetime(worlds) { endBySignal(SIGKILL) }
    }
    #expect(eventually { scratch.entries.isEmpty && scratch.processes.isEmpty })
  }

  @Test("leaves nothing when it is terminated")
  func terminated() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.path
    await #expect(processExitsWith: .signal(SIGTERM)) { [path = path as String] in
      let world = try PrivateWorld.start(card: TestCard(), configuration: .inDirectory(path))
      withExtendedLifetime(world) { endBySignal(SIGTERM) }
    }
    #expect(eventually { scratch.entries.isEmpty && scratch.processes.isEmpty })
  }

  @Test("leaves nothing when it just returns")
  func exits() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.path
    await #expect(processExitsWith: .exitCode(7)) { [path = path as String] in
      let world = try PrivateWorld.start(card: TestCard(), configuration: .inDirectory(path))
      withExtendedLifetime(world) { exit(7) }
    }
    #expect(eventually { scratch.entries.isEmpty && scratch.processes.isEmpty })
  }

  @Test("needs no root", .enabled(if: geteuid() == 0, "runs as an ordinary user already"))
  func ordinaryUser() async throws {
    let scratch = try ScratchDirectory()
    let path = scratch.path
    await #expect(processExitsWith: .exitCode(0)) { [path = path as String] in
      // nobody, on every distribution that has this kernel's default.
      guard setgroups(0, nil) == 0, setgid(65_534) == 0, setuid(65_534) == 0 else { exit(2) }
      let world = try PrivateWorld.start(card: TestCard(), configuration: .inDirectory(path))
      let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
      let answer = try reader.transmit([0x00, 0x84, 0x00, 0x00, 0x08])
      let status = world.run(["opensc-tool", "-r", "0", "-s", "0084000008"])
      world.stop()
      exit(answer.count == 10 && status == 0 ? 0 : 3)
    }
    #expect(scratch.entries.isEmpty)
    #expect(scratch.processes.isEmpty)
  }
}
