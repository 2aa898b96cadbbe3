import Foundation

/// A file or folder that belongs to a process for as long as that lives: the kernel gives the lock
/// back however the process ends, so that what nobody holds was left behind. A process's number would
/// not do: it is given again, and means another process in a container.
struct OwnerLock: ~Copyable {
  /// What is open there.
  let descriptor: Int32

  /// Opens and locks what is at `path`; nil where it is somebody else's, in use, gone, or a link.
  ///
  /// - Parameter flags: beside read-only access.
  init?(_ path: String, flags: Int32) {
    let descriptor = open(path, flags | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { return nil }
    var (held, found) = (stat(), stat())
    // Looked at again after the lock: somebody may have removed it in between.
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0, fstat(descriptor, &held) == 0,
      held.st_uid == geteuid(), lstat(path, &found) == 0, held.st_ino == found.st_ino,
      held.st_dev == found.st_dev
    else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
  }

  deinit { close(descriptor) }

  /// Gives the open descriptor away, and the lock with it.
  consuming func release() -> Int32 {
    let descriptor = descriptor
    discard self
    return descriptor
  }

  /// A part of a name that nobody can guess.
  static func randomName() -> String {
    String(UInt64.random(in: 0...UInt64.max), radix: 36)
  }

  /// What there is in a folder under names that begin so.
  static func names(in folder: String, beginning prefix: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? [])
      .filter { $0.hasPrefix(prefix) }
  }
}
