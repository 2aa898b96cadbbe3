public import Foundation
import Synchronization

/// A folder for what must not outlive this process: keys, PINs, the sockets of a world. Only its
/// owner can look into it. It is removed with this object and where SIGINT, SIGTERM or SIGHUP ends
/// the process; what a kill leaves is removed by the next softdna that starts.
public final class ThrowawayFolder: Sendable {
  /// Where it is.
  public let path: String
  private let lock: Mutex<Int32>
  private let ticket: Ending.Ticket

  private static let prefix = "softdna-scratch-"

  /// A new folder, mode 0700, in `parent`.
  ///
  /// - Throws: errno, where none can be made.
  public init(in parent: String = NSTemporaryDirectory()) throws(POSIXError) {
    while true {
      let path =
        (parent.hasSuffix("/") ? parent : parent + "/") + Self.prefix + OwnerLock.randomName()
      // Before it is there: a signal may come as soon as it is.
      let ticket = Ending.add { Self.remove(path) }
      guard mkdir(path, 0o700) == 0 else {
        let code = errno
        Ending.remove(ticket)
        guard code == EEXIST else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        continue
      }
      let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
      var status = stat()
      // Another softdna that has just started may have taken the new folder for one left behind.
      // Where folders cannot be locked, nobody ever does.
      if descriptor >= 0, flock(descriptor, LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK,
        fstat(descriptor, &status) == 0, status.st_nlink > 0
      {
        self.path = path
        lock = Mutex(descriptor)
        self.ticket = ticket
        return
      }
      Ending.remove(ticket)
      if descriptor >= 0 { close(descriptor) }
    }
  }

  deinit { remove() }

  /// Takes it away with all that is in it; nothing where that has happened already.
  public func remove() {
    lock.withLock { descriptor in
      guard descriptor >= 0 else { return }
      Self.remove(path)
      close(descriptor)
      descriptor = -1
    }
    Ending.remove(ticket)
  }

  /// Removes what processes that are gone have left in a folder; nothing that a process still holds,
  /// that is another user's, or that a link leads to.
  public static func sweep(_ parent: String) {
    for name in OwnerLock.names(in: parent, beginning: prefix) {
      let path = parent + "/" + name
      guard let lock = OwnerLock(path, flags: O_RDONLY | O_DIRECTORY) else { continue }
      remove(path)
      _ = consume lock
    }
  }

  /// Renamed first: who is still writing in it does not find it any more. Who was just about to make
  /// a file in it has done so by the second try.
  private static func remove(_ path: String) {
    let removed = path + "-" + OwnerLock.randomName()
    guard rename(path, removed) == 0 else { return }
    for _ in 0..<100 where access(removed, F_OK) == 0 {
      try? FileManager.default.removeItem(atPath: removed)
    }
  }
}
