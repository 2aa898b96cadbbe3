import Foundation
import Synchronization

/// The semaphore and the shared memory of libfaketime, made and removed by us. Left to itself, each
/// program under libfaketime up to 0.9.10 makes a pair of its own in /dev/shm, which stays where the
/// program is killed; FAKETIME_DISABLE_SHM, which later versions have, means nothing to it.
public final class ClockMemory: Sendable {
  private let name: String
  private let lock: Mutex<Int32>
  private let ticket: Ending.Ticket

  private static let folder = "/dev/shm"
  private static let prefix = "softdna-faketime-"

  /// A new pair; nil where there is no shared memory, and then libfaketime does without as well.
  public init?() {
    let name = Self.prefix + OwnerLock.randomName()
    let path = Self.folder + "/" + name
    // Before it is there: a signal may come as soon as it is.
    let ticket = Ending.add { Self.remove(name) }
    guard let lock = OwnerLock(path, flags: O_RDWR | O_CREAT | O_EXCL) else {
      Ending.remove(ticket)
      return nil
    }
    // All bits set: the time at which the first program started is not known yet (-1).
    let empty = [UInt8](repeating: 0xFF, count: 4096)
    var semaphore = sem_t()
    guard write(lock.descriptor, empty, empty.count) == empty.count,
      sem_init(&semaphore, 1, 1) == 0
    else {
      unlink(path)
      Ending.remove(ticket)
      return nil
    }
    // glibc keeps the semaphore "/NAME" in the file sem.NAME, as it is in memory.
    let other = open(
      Self.folder + "/sem." + name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
    let written = withUnsafeBytes(of: &semaphore) { write(other, $0.baseAddress, $0.count) }
    close(other)
    guard written == MemoryLayout<sem_t>.size else {
      Self.remove(name)
      Ending.remove(ticket)
      return nil
    }
    self.name = name
    self.lock = Mutex(lock.release())
    self.ticket = ticket
  }

  deinit { remove() }

  /// What programs under libfaketime find it by.
  public var environment: [String: String] { ["FAKETIME_SHARED": "/\(name) /\(name)"] }

  /// Takes it away; programs that have it open keep it.
  public func remove() {
    lock.withLock { descriptor in
      guard descriptor >= 0 else { return }
      Self.remove(name)
      close(descriptor)
      descriptor = -1
    }
    Ending.remove(ticket)
  }

  /// Removes what processes that are gone have left.
  public static func sweep() {
    for name in OwnerLock.names(in: folder, beginning: prefix) {
      guard let lock = OwnerLock(folder + "/" + name, flags: O_RDONLY) else { continue }
      remove(name)
      _ = consume lock
    }
  }

  private static func remove(_ name: String) {
    unlink(folder + "/sem." + name)
    unlink(folder + "/" + name)
  }
}
