import Foundation
import Testing

@testable import HostProcesses

@Suite("A family of processes", .serialized)
struct ProcessFamilyTests {
  /// The processes whose command line has this text in it.
  private func count(_ mark: String) -> Int {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { name in
      guard Int(name) != nil, name != String(getpid()),
        let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
      else { return false }
      return line.range(of: Data(mark.utf8)) != nil
    }.count
  }

  private func eventually(_ condition: () -> Bool) -> Bool {
    for _ in 0..<500 {
      if condition() { return true }
      usleep(10_000)
    }
    return false
  }

  /// One in the foreground, one in the background, one in a session of its own, adopted by init, and
  /// one that takes no notice of SIGTERM.
  private static func script(_ seconds: String) -> String {
    "sleep \(seconds) & (setsid sleep \(seconds) &) ; (trap '' TERM; sleep \(seconds)) & "
      + "sleep \(seconds); true"
  }

  private static func start(_ seconds: String, in family: ProcessFamily) throws -> ChildProcess {
    var launch = ChildProcess.Launch(
      arguments: ["/bin/sh", "-c", script(seconds)], environment: ["PATH=/usr/bin:/bin"])
    launch.isDetached = true
    return try family.start(launch).get()
  }

  @Test("ends as a whole: also who left the session, was adopted or ignores SIGTERM")
  func end() throws {
    let family = try ProcessFamily()
    let other = try ProcessFamily()
    let child = try Self.start("3041.1", in: family)
    let bystander = try Self.start("3041.2", in: other)
    #expect(eventually { count("sleep\u{0}3041.1") == 4 && count("sleep\u{0}3041.2") == 4 })
    family.endMembers(patience: .milliseconds(200))
    child.wait()
    #expect(count("sleep\u{0}3041.1") == 0 && count("sleep\u{0}3041.2") == 4)
    family.end()
    other.end()
    bystander.wait()
    #expect(count("sleep\u{0}3041.2") == 0)
    #expect(count(family.variable) == 0 && count(other.variable) == 0)
  }

  @Test(
    "ends where the process is killed, and where a signal ends it", arguments: [SIGKILL, SIGTERM])
  func ownerGone(number: Int32) async throws {
    await #expect(processExitsWith: .signal(number)) { [number = number as Int32] in
      signal(number, SIG_DFL)
      let family = try ProcessFamily()
      _ = try Self.start("3042.\(number)", in: family)
      usleep(300_000)
      kill(getpid(), number)
      sleep(10)
      withExtendedLifetime(family) {}
    }
    #expect(eventually { count("3042.\(number)") == 0 && count("softdna-guard") == 0 })
  }

  @Test("can be left alone; its guard goes")
  func release() throws {
    let family = try ProcessFamily()
    let child = try Self.start("3043", in: family)
    #expect(eventually { count("sleep\u{0}3043") == 4 })
    family.release()
    #expect(count("sleep\u{0}3043") == 4 && count(family.variable) == 0)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    for name in names {
      guard let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline"),
        line.range(of: Data("sleep\u{0}3043".utf8)) != nil, let number = Int32(name)
      else { continue }
      kill(number, SIGKILL)
    }
    child.wait()
  }
}
