import Foundation
import HostFiles

/// The local socket `softdna ctl` talks to: JSON lines, one request and one answer each, readable
/// and writable by the token's owner only.
///
/// Request: `{"do": "press"}`. Answer: `{"version": 1, "ok": true, "result": …}`, or `{"version": 1,
/// "ok": false, "kind": "usage", "error": "…"}`. docs/user/control.md has every message.
final class ControlSocket: Sendable {
  /// Version of the language; it counts up when an old request means something else.
  static let version = 1
  /// The variable that tells a command in `softdna exec` where the socket is.
  static let variable = "SOFTDNA_SOCKET"

  /// Where it listens; absolute.
  let path: String
  private let descriptor: Int32
  /// What tells the socket's file from one that has taken its place.
  private let file: FileNumber
  private let callers: ControlCallers
  private let hasEnded = DispatchSemaphore(value: 0)

  /// Listens at `path`, or beside it where another process does, which holds a copy of the token.
  /// Sockets that nobody listens at any more are removed.
  init(path: String, token: ControlledToken) throws {
    let wanted = URL(fileURLWithPath: path).path
    descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else {
      throw Failure("no control socket: \(SystemReason.text(errno))")
    }
    do {
      (self.path, file) = try Self.listen(descriptor, at: wanted)
    } catch {
      close(descriptor)
      throw error
    }
    let callers = ControlCallers(token)
    self.callers = callers
    Thread.detachNewThread { [descriptor, hasEnded] in
      callers.accept(from: descriptor)
      hasEnded.signal()
    }
  }

  /// Stops listening, closes all connections and removes the socket.
  func stop() {
    // As long as the socket is open, no other file gets its number.
    try? SocketFolder(of: path).locked { [path, file] _ in
      if FileNumber(path) == file { unlink(path) }
    }
    shutdown(descriptor, Int32(SHUT_RDWR))
    hasEnded.wait()
    close(descriptor)
    callers.end()
  }

  /// Binds under the folder's lock: between asking whether somebody listens, removing what nobody
  /// listens at and listening, no other process does the same.
  private static func listen(_ descriptor: Int32, at wanted: String) throws -> (
    String, FileNumber
  ) {
    try SocketFolder(of: wanted).locked { folder in
      folder.removeUnserved(beginning: wanted)
      var path = wanted
      while access(path, F_OK) == 0 {
        path = wanted + ".\(getpid())-" + String(UInt32.random(in: 0...UInt32.max), radix: 36)
      }
      // The file gets this mode at once; a umask would be that of all threads.
      guard fchmod(descriptor, 0o600) == 0,
        LocalAddress.use(path, { bind(descriptor, $0, $1) }) == 0,
        Foundation.listen(descriptor, 64) == 0, let file = FileNumber(path)
      else { throw Failure("no control socket at \(path): \(SystemReason.text(errno))") }
      return (path, file)
    }
  }
}

/// The folder of control sockets, locked while one is made or removed. The kernel gives the lock back
/// however the process ends.
private struct SocketFolder: ~Copyable {
  private let path: String
  private let descriptor: Int32

  init(of socket: String) throws {
    path = (socket as NSString).deletingLastPathComponent
    descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw Self.failed(path) }
  }

  deinit { close(descriptor) }

  func locked<Value>(_ body: (borrowing SocketFolder) throws -> Value) throws -> Value {
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw Self.failed(path) }
    }
    defer { flock(descriptor, LOCK_UN) }
    return try body(self)
  }

  /// Removes the sockets that killed processes have left.
  func removeUnserved(beginning prefix: String) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for file in names.map({ path + "/" + $0 }) where file == prefix || file.hasPrefix(prefix + ".")
    {
      var status = stat()
      guard lstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFSOCK else { continue }
      switch LocalAddress.connect(to: file) {
      case .success(let peer): close(peer)
      case .failure(let failure): if failure.code == ECONNREFUSED { unlink(file) }
      }
    }
  }

  private static func failed(_ path: String) -> Failure {
    Failure("no control socket in \(path): \(SystemReason.text(errno))")
  }
}

/// Device and inode: what tells a file from every other that is there at the same time.
private struct FileNumber: Equatable, Sendable {
  private let device: UInt64
  private let inode: UInt64

  /// Of what is at a path, links not followed; nil where there is nothing.
  init?(_ path: String) {
    var status = stat()
    guard lstat(path, &status) == 0 else { return nil }
    (device, inode) = (UInt64(status.st_dev), UInt64(status.st_ino))
  }
}
