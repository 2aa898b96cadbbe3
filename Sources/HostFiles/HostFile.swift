public import Foundation

/// Files that the program promises: when a function returns, what it did survives a power cut, and
/// before that there is the old file or the new one, whole (docs/decisions/0020).
public enum HostFile {
  /// Puts contents into a file's place in one step; a link there is replaced, not followed.
  ///
  /// - Parameters:
  ///   - mode: the permissions, less what the umask takes away.
  ///   - waitsForDisk: false for what is thrown away with the process.
  public static func replace(
    _ path: String, with contents: some ContiguousBytes, mode: mode_t = 0o600,
    waitsForDisk: Bool = true
  ) throws(FileFailure) {
    let file = try NewFile(for: path, mode: mode, waitsForDisk: waitsForDisk)
    try file.write(contents)
    try file.takePlace()
  }

  /// Copies a file into another's place, with the same care.
  public static func copy(_ path: String, to target: String, mode: mode_t = 0o600)
    throws(FileFailure)
  {
    try replace(target, with: try read(path), mode: mode)
  }

  /// All bytes of a file.
  public static func read(_ path: String) throws(FileFailure) -> [UInt8] {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw FileFailure(path, .read, code: errno) }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 65_536)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      guard count >= 0 || errno == EINTR else { throw FileFailure(path, .read, code: errno) }
      guard count != 0 else { return contents }
      contents += buffer.prefix(max(count, 0))
    }
  }

  /// Removes a file; answers whether there was one.
  @discardableResult
  public static func remove(_ path: String, waitsForDisk: Bool = true) throws(FileFailure)
    -> Bool
  {
    guard unlink(path) == 0 else {
      guard errno == ENOENT else { throw FileFailure(path, .remove, code: errno) }
      return false
    }
    if waitsForDisk { try HostFolder.synchronize(HostFolder.parent(of: path)) }
    return true
  }

  /// Gives a file or folder another name, and takes the place of a file of that name.
  public static func move(_ path: String, to target: String, waitsForDisk: Bool = true)
    throws(FileFailure)
  {
    guard rename(path, target) == 0 else { throw FileFailure(path, .rename, code: errno) }
    guard waitsForDisk else { return }
    let (old, new) = (HostFolder.parent(of: path), HostFolder.parent(of: target))
    try HostFolder.synchronize(new)
    if old != new { try HostFolder.synchronize(old) }
  }

  /// Writes all of it to an open descriptor; `path` is what an error calls it.
  public static func write(
    _ contents: some ContiguousBytes, to descriptor: Int32, as path: String
  ) throws(FileFailure) {
    let code = contents.withUnsafeBytes { bytes -> Int32 in
      var rest = UnsafeRawBufferPointer(rebasing: bytes[...])
      while !rest.isEmpty {
        let count = Foundation.write(descriptor, rest.baseAddress, rest.count)
        if count < 0, errno == EINTR { continue }
        if count < 0, errno == EAGAIN {
          // Somebody else made the pipe or terminal non-blocking.
          var ready = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
          poll(&ready, 1, -1)
          continue
        }
        guard count > 0 else { return count < 0 ? errno : EIO }
        rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(count))
      }
      return 0
    }
    guard code == 0 else { throw FileFailure(path, .write, code: code) }
  }
}
