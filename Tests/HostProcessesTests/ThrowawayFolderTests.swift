import Foundation
import Testing

@testable import HostProcesses

@Suite("A folder to be thrown away")
struct ThrowawayFolderTests {
  private func names(_ path: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  @Test("is its owner's alone, and goes with the object")
  func life() throws {
    let parent = try ThrowawayFolder()
    var folder: ThrowawayFolder? = try ThrowawayFolder(in: parent.path)
    var status = stat()
    #expect(stat(try #require(folder?.path), &status) == 0)
    #expect(status.st_mode & 0o777 == 0o700)
    folder = nil
    #expect(names(parent.path) == [])
    #expect(throws: POSIXError.self) { _ = try ThrowawayFolder(in: parent.path + "/nowhere") }
  }

  @Test("is swept when nobody holds it, and not before; links, files and other names stay")
  func sweep() throws {
    let parent = try ThrowawayFolder()
    let path = parent.path
    let held = try ThrowawayFolder(in: path)
    for name in ["softdna-scratch-left", "softdna-scratch-left.removed", "softdna-other"] {
      try FileManager.default.createDirectory(
        atPath: path + "/" + name + "/deep", withIntermediateDirectories: true)
    }
    try FileManager.default.createDirectory(
      atPath: path + "/target/deep", withIntermediateDirectories: true)
    symlink(path + "/target", path + "/softdna-scratch-link")
    symlink(path + "/target", path + "/softdna-scratch-left/link")
    try Data().write(to: URL(fileURLWithPath: path + "/softdna-scratch-file"))
    mkfifo(path + "/softdna-scratch-pipe", 0o600)
    ThrowawayFolder.sweep(path)
    #expect(
      names(path)
        == [
          (held.path as NSString).lastPathComponent, "softdna-other", "softdna-scratch-file",
          "softdna-scratch-link", "softdna-scratch-pipe", "target",
        ].sorted())
    #expect(names(path + "/target") == ["deep"])
  }

  @Test(
    "goes with the process where a signal ends it, and the shell sees that signal",
    arguments: [SIGINT, SIGTERM, SIGHUP])
  func signalled(number: Int32) async throws {
    let parent = try ThrowawayFolder()
    let path = parent.path
    await #expect(processExitsWith: .signal(number)) {
      [path = path as String, number = number as Int32] in
      signal(number, SIG_DFL)
      let folder = try ThrowawayFolder(in: path)
      try Data("key".utf8).write(to: URL(fileURLWithPath: folder.path + "/key"))
      kill(getpid(), number)
      sleep(10)
      withExtendedLifetime(folder) {}
    }
    #expect(names(path) == [])
  }

  @Test("stays for the next one where its process is killed, which sweeps it")
  func killed() async throws {
    let parent = try ThrowawayFolder()
    let path = parent.path
    await #expect(processExitsWith: .signal(SIGKILL)) { [path = path as String] in
      let folder = try ThrowawayFolder(in: path)
      kill(getpid(), SIGKILL)
      withExtendedLifetime(folder) {}
    }
    #expect(names(path).count == 1)
    ThrowawayFolder.sweep(path)
    #expect(names(path) == [])
  }

  @Test("is made while others sweep")
  func race() async throws {
    let parent = try ThrowawayFolder()
    let path = parent.path
    await withTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          for _ in 0..<200 {
            guard let folder = try? ThrowawayFolder(in: path),
              FileManager.default.fileExists(atPath: folder.path)
            else { return false }
            ThrowawayFolder.sweep(path)
            guard FileManager.default.fileExists(atPath: folder.path) else { return false }
          }
          return true
        }
      }
      for await isRight in group { #expect(isRight) }
    }
    #expect(names(path) == [])
  }

  @Test("has a like in shared memory: what a kill leaves of libfaketime's is swept")
  func clockMemory() async throws {
    func ours() -> Set<String> {
      Set(names("/dev/shm").filter { $0.contains("softdna-faketime-") })
    }
    let before = ours()
    let memory = try #require(ClockMemory())
    #expect(ours().subtracting(before).count == 2)
    await #expect(processExitsWith: .signal(SIGKILL)) {
      let left = ClockMemory()
      kill(getpid(), SIGKILL)
      withExtendedLifetime(left) {}
    }
    ClockMemory.sweep()
    #expect(ours().subtracting(before).count == 2)
    memory.remove()
    #expect(ours().subtracting(before).isEmpty)
  }
}
