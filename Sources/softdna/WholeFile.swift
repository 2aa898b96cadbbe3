import Foundation

/// Files and folders that a command makes.
enum WholeFile {
  /// Writes a file whole or not at all; what is no file, a pipe or a device, gets the bytes.
  ///
  /// - Throws: where it cannot be written, with the system's reason.
  static func write(_ data: Data, to path: String, mode: mode_t = 0o644) throws {
    var status = stat()
    let isStream = stat(path, &status) == 0 && status.st_mode & S_IFMT != S_IFREG
    let target = isStream ? path : path + ".new"
    if !isStream { unlink(target) }
    let descriptor = open(target, O_WRONLY | O_CREAT | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failed(path, "written") }
    defer { close(descriptor) }
    var rest = data[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 || errno == EINTR else {
        let failure = failed(path, "written")
        if !isStream { unlink(target) }
        throw failure
      }
      rest = rest.dropFirst(max(count, 0))
    }
    guard isStream || rename(target, path) == 0 else {
      let failure = failed(path, "written")
      unlink(target)
      throw failure
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

  private static func failed(_ path: String, _ done: String) -> Failure {
    Failure("\(path) cannot be \(done): \(String(cString: strerror(errno)))")
  }
}
