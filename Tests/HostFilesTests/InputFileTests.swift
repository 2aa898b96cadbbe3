import Foundation
import Testing

@testable import HostFiles

@Suite("Input that a user names")
struct InputFileTests {
  /// A folder of the test's own.
  private final class Folder {
    let path = NSTemporaryDirectory() + "softdna-input-" + UUID().uuidString
    init() throws {
      try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    }
    deinit { try? FileManager.default.removeItem(atPath: path) }
  }

  private func reason(
    _ path: String, atMost limit: Int = 1000, patience: Duration = .milliseconds(200)
  ) -> String? {
    do {
      _ = try InputFile.read(path, atMost: limit, patience: patience)
      return nil
    } catch { return error.reason }
  }

  @Test("is read whole up to its limit, and refused beyond")
  func limit() throws {
    let folder = try Folder()
    let path = folder.path + "/file"
    try Data(repeating: 7, count: 1000).write(to: URL(fileURLWithPath: path))
    #expect(try InputFile.read(path, atMost: 1000) == [UInt8](repeating: 7, count: 1000))
    #expect(reason(path, atMost: 999) == "it has 1000 bytes, more than 999")
    // A file of 8 GB that takes no room, and one whose size nobody says.
    truncate(path, 8 << 30)
    #expect(reason(path)?.hasPrefix("it has 8589934592 bytes") == true)
    #expect(reason("/proc/kallsyms") == "it has more than 1000 bytes")
  }

  private static let device = "is no file that can be read: it is a device"

  @Test(
    "is no device, folder or socket, and is there",
    arguments: [
      ("/dev/zero", device), ("/dev/full", device),
      ("/tmp", "is no file that can be read: it is a folder"),
      ("/nowhere", "No such file or directory"),
    ])
  func kind(path: String, expected: String) {
    #expect(reason(path) == expected)
  }

  @Test("may be a pipe, which is not waited for without end")
  func pipes() throws {
    let folder = try Folder()
    let path = folder.path + "/pipe"
    try #require(mkfifo(path, 0o600) == 0)
    let start = ContinuousClock.now
    #expect(reason(path) == "it does not come to an end")
    // A writer that says something and then nothing.
    let writer = open(path, O_RDWR)
    _ = write(writer, "x", 1)
    #expect(reason(path) == "it does not come to an end")
    #expect(start.duration(to: .now) < .seconds(5))
    close(writer)
    Thread.detachNewThread { [path = path as String] in
      let writer = open(path, O_WRONLY)
      usleep(100_000)
      _ = write(writer, "holder", 6)
      close(writer)
    }
    #expect(try InputFile.read(path, atMost: 6, patience: .seconds(20)) == Array("holder".utf8))
  }

  @Test("that comes in lines has none that is longer than its limit")
  func lines() throws {
    var ends: [Int32] = [0, 0]
    try #require(pipe(&ends) == 0)
    let text = "one\r\n\ntwo\n" + String(repeating: "x", count: 100) + "\nlast"
    _ = write(ends[1], text, text.utf8.count)
    close(ends[1])
    defer { close(ends[0]) }
    var lines = InputLines(descriptor: ends[0], atMost: 100)
    var read: [String] = []
    while let line = try lines.next() { read.append(line) }
    #expect(read == ["one", "", "two", String(repeating: "x", count: 100), "last"])

    let zeros = open("/dev/zero", O_RDONLY)
    defer { close(zeros) }
    var endless = InputLines(descriptor: zeros, atMost: 100_000)
    #expect(throws: InputFile.Problem.self) { _ = try endless.next() }
    #expect(try endless.next() == nil)
  }
}
