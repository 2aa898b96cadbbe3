import Foundation

/// Files and folders that a command makes.
enum WholeFile {
  /// Writes a file whole or not at all.
  ///
  /// - Throws: where it cannot be written, with the system's reason.
  static func write(_ data: Data, to path: String, mode: mode_t = 0o644) throws {
    let new = path + ".new"
    unlink(new)
    let descriptor = open(new, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failed(path, "written") }
    defer { close(descriptor) }
    do { try write(data, to: descriptor, as: path) } catch {
      unlink(new)
      throw error
    }
    guard rename(new, path) == 0 else {
      let failure = failed(path, "written")
      unlink(new)
      throw failure
    }
  }

  /// Writes all of it to a descriptor that is open; `path` is what it is called.
  static func write(_ data: Data, to descriptor: Int32, as path: String) throws {
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else { throw failed(path, "written") }
      rest = rest.dropFirst(max(count, 0))
    }
  }

  /// Makes a folder and those above it; answers whether it was not there.
  ///
  /// - Throws: where it cannot be made, with the system's reason.
  @discardableResult
  static func makeFolder(_ path: String, mode: mode_t = 0o755) throws -> Bool {
    if mkdir(path, mode) == 0 { return true }
    if errno == ENOENT {
      let parent = (path as NSString).deletingLastPathComponent
      if !parent.isEmpty, parent != path { try makeFolder(parent, mode: mode) }
      if mkdir(path, mode) == 0 { return true }
    }
    guard errno == EEXIST else { throw failed(path, "made") }
    return false
  }

  /// What is said of it; the reason is the system's last one unless another is known.
  static func failed(
    _ path: String, _ done: String, _ reason: String = Failure.reason(of: errno)
  ) -> Failure {
    Failure("\(path) cannot be \(done): \(reason)")
  }
}
