import Foundation
import HostFiles

/// A folder of a test's own; it goes with the value that holds it.
final class Place {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "softdna-files-" + UUID().uuidString
    try HostFolder.make(path, mode: 0o700)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of something inside.
  func callAsFunction(_ name: String) -> String { path + "/" + name }

  /// The names inside.
  var names: [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []).sorted()
  }

  func text(_ name: String) -> String? { try? String(contentsOfFile: self(name), encoding: .utf8) }

  /// Writes a file as anybody would, with these permissions.
  func write(_ text: String, to name: String, mode: mode_t = 0o644) throws {
    try text.write(toFile: self(name), atomically: false, encoding: .utf8)
    chmod(self(name), mode)
  }

  func mode(_ name: String) -> mode_t? {
    var status = stat()
    return lstat(self(name), &status) == 0 ? status.st_mode & 0o7777 : nil
  }
}
