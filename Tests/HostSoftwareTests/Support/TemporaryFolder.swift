import Foundation

/// A folder of a test's own; it goes with the value that holds it.
final class TemporaryFolder: Sendable {
  let path: String

  /// A new, empty folder. Its path is short: worlds keep sockets in it.
  init() throws {
    var template = Array("/tmp/sdh-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else { throw CocoaError(.fileWriteUnknown) }
    path = template.withUnsafeBufferPointer { buffer in
      String(decoding: buffer.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The names of what is in it, in alphabetical order.
  var entries: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  func path(_ name: String) -> String { path + "/" + name }

  func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  func write(_ text: String, to name: String) throws { try write(Data(text.utf8), to: name) }

  func write(_ bytes: Data, to name: String) throws {
    try bytes.write(to: URL(fileURLWithPath: path(name)))
  }

  func text(of name: String) throws -> String {
    String(decoding: try bytes(of: name), as: UTF8.self)
  }

  func bytes(of name: String) throws -> Data {
    try Data(contentsOf: URL(fileURLWithPath: path(name)))
  }

  /// Returns when a file is there, for as long as programs may take.
  func wait(for name: String) async throws {
    let deadline = ContinuousClock.now + Program.timeLimit
    while !exists(name) {
      guard ContinuousClock.now < deadline else { throw Program.TimeLimit(command: name) }
      try await Task.sleep(for: .milliseconds(10))
    }
  }

  /// The command lines of the processes that name this folder.
  var processes: [String] {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.filter { Int($0) != nil }.compactMap { name in
      guard let data = FileManager.default.contents(atPath: "/proc/\(name)/cmdline") else {
        return nil
      }
      let line = String(decoding: data.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
      return line.contains(path) ? line : nil
    }
  }
}
