internal import Glibc

/// Input that a user names, read whole within bounds: of size, so that no device or giant file
/// fills the memory, and of time, so that no pipe is waited for without end.
public enum InputFile {
  /// Why a file was not read.
  public struct Problem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The file, as the user named it.
    public let path: String
    /// What is wrong with it.
    public let reason: String
    /// FILE: and what is wrong.
    public var description: String { "\(path): \(reason)" }
  }

  /// All bytes of a file or a pipe.
  ///
  /// - Parameters:
  ///   - limit: the most bytes it may have.
  ///   - patience: how long the writer of a pipe has, all together.
  /// - Throws: where it cannot be read, is a folder or a device, is longer, or does not end in time.
  public static func read(
    _ path: String, atMost limit: Int, patience: Duration = .seconds(10)
  ) throws(Problem) -> [UInt8] {
    // Without O_NONBLOCK a named pipe that nobody writes to would block already here.
    let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY)
    guard descriptor >= 0 else { throw Problem(path: path, reason: SystemReason.text(errno)) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else {
      throw Problem(path: path, reason: SystemReason.text(errno))
    }
    switch status.st_mode & S_IFMT {
    case S_IFREG where status.st_size > limit:
      throw Problem(path: path, reason: "it has \(status.st_size) bytes, more than \(limit)")
    case S_IFREG, S_IFIFO: break
    case S_IFDIR: throw Problem(path: path, reason: "is no file that can be read: it is a folder")
    case _ where isatty(descriptor) == 1: break
    default: throw Problem(path: path, reason: "is no file that can be read: it is a device")
    }
    return try read(
      descriptor, called: path, atMost: limit, until: ContinuousClock.now + patience)
  }

  /// All bytes that come from an open descriptor, for which there is no limit of time.
  ///
  /// - Throws: where it cannot be read or there are more than `limit`.
  public static func read(
    descriptor: Int32, called name: String, atMost limit: Int
  ) throws(Problem) -> [UInt8] {
    try read(descriptor, called: name, atMost: limit, until: nil)
  }

  private static func read(
    _ descriptor: Int32, called path: String, atMost limit: Int,
    until deadline: ContinuousClock.Instant?
  ) throws(Problem) -> [UInt8] {
    var bytes: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 65_536)
    while true {
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      let left = deadline.map { ContinuousClock.now.duration(to: $0) / .milliseconds(1) } ?? -1
      if deadline != nil, left <= 0 {
        throw Problem(path: path, reason: "it does not come to an end")
      }
      // Returns at once for files, and for a pipe whose writers have gone.
      guard poll(&state, 1, Int32(left.rounded(.up))) != 0 else { continue }
      let count = Glibc.read(descriptor, &piece, piece.count)
      guard count >= 0 else {
        if errno == EINTR || errno == EAGAIN { continue }
        throw Problem(path: path, reason: SystemReason.text(errno))
      }
      guard count > 0 else { return bytes }
      guard bytes.count + count <= limit else {
        throw Problem(path: path, reason: "it has more than \(limit) bytes")
      }
      bytes += piece.prefix(count)
    }
  }
}
