import Foundation
import Testing

@Suite("softdna, ended by a signal or killed", .runsInAWorld(.faketime))
struct KilledTests {
  /// The processes that carry this number of seconds in their command line.
  private static func processes(_ mark: String) -> [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { Int($0) != nil }.compactMap { name in
      FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
        .map { String(decoding: $0.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self) }
    }.filter { $0.hasPrefix("sleep " + mark) }
  }

  private static func sharedMemory() -> Set<String> {
    Set(
      ((try? FileManager.default.contentsOfDirectory(atPath: "/dev/shm")) ?? [])
        .filter { $0.contains("softdna-faketime-") })
  }

  private func eventually(_ condition: () -> Bool) async throws -> Bool {
    for _ in 0..<500 {
      if condition() { return true }
      try await Task.sleep(for: .milliseconds(10))
    }
    return false
  }

  @Test(
    "run leaves no key, no world and no host step behind",
    arguments: [SIGINT, SIGTERM, SIGHUP, SIGKILL], ["direct", "pcsc"])
  func run(signal: Int32, channel: String) async throws {
    let folder = try TemporaryFolder()
    let seconds = "40\(signal).\(channel.count)"
    try folder.write(
      """
      name: host software
      seed: 1
      steps:
        - issue
        - host: { run: "(setsid sleep \(seconds) &); touch \(folder.path("running")); sleep \(seconds)" }
      """, to: "host.yaml")
    let outcome = try await Softdna.run(["run", "host.yaml", "--over", channel], in: folder) {
      try await folder.wait(for: "running")
      #expect(folder.entries.contains { $0.hasPrefix("softdna-scratch-") })
      try $0.send(signal, false)
    }
    #expect(outcome.status == -signal, "\(outcome)")
    if signal == SIGKILL {
      let next = try await Softdna.run(["run", "--schema"], in: folder)
      #expect(next.status == 0, "\(next)")
    } else {
      #expect(folder.entries == ["host.yaml", "running"])
      #expect(Self.processes(seconds) == [])
    }
    #expect(
      try await eventually {
        folder.entries == ["host.yaml", "running"] && Self.processes(seconds) == []
          && folder.processes.isEmpty
      }, "\(folder.entries) \(Self.processes(seconds))")
  }

  @Test("run ends a host step that takes too long, with all it has started")
  func timeout() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      """
      name: too long
      seed: 1
      steps:
        - issue
        - host: { run: "(setsid sleep 4099 &); sleep 4099", timeout: 1 }
      """, to: "host.yaml")
    let outcome = try await Softdna.run(["run", "host.yaml"], in: folder)
    #expect(outcome.status == 1 && outcome.output.contains("within 1 s"), "\(outcome)")
    #expect(Self.processes("4099") == [])
    #expect(folder.entries == ["host.yaml"])
  }

  @Test("exec leaves no token, no clock and no shared memory to the one that starts next")
  func exec() async throws {
    let token = try await TestToken()
    let folder = token.folder
    for state in [[], ["--state", token.state]] {
      try? FileManager.default.removeItem(atPath: folder.path("running"))
      let before = Self.sharedMemory()
      let outcome = try await Softdna.run(
        ["exec"] + state + [
          "--date", "2031-01-01", "--", "sh", "-c", "touch running; sleep 4098; true",
        ], in: folder
      ) {
        try await folder.wait(for: "running")
        try $0.send(SIGKILL, false)
      }
      #expect(outcome.status == -SIGKILL, "\(outcome)")
      let next = try await Softdna.run(["inspect", "--state", token.state], in: folder)
      #expect(next.status == 0, "\(next)")
      #expect(
        try await eventually {
          folder.entries == ["running", "state"] && Self.processes("4098") == []
            && Self.sharedMemory().isSubset(of: before)
        }, "\(folder.entries)")
      let names = try FileManager.default.contentsOfDirectory(atPath: token.state)
      #expect(!names.contains { $0.hasPrefix("clock") }, "\(names)")
    }
  }

  @Test("exec, told to end, ends what its command has started", arguments: [SIGTERM, SIGHUP])
  func told(signal: Int32) async throws {
    let token = try await TestToken()
    let folder = token.folder
    let outcome = try await token.exec("touch running; sleep 409\(signal).7; true") {
      try await folder.wait(for: "running")
      try $0.send(signal, false)
    }
    #expect(outcome.status == 128 + signal, "\(outcome)")
    #expect(Self.processes("409\(signal).7") == [])
    #expect(folder.entries == ["running", "state"])
  }
}
