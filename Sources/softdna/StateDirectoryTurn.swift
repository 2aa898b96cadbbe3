import Foundation
import HostFiles

/// One process' turn at making what is in a state directory. The kernel ends it with the process,
/// however that ends.
struct StateDirectoryTurn: ~Copyable {
  /// The directory was made for this turn: nobody has had another one in it.
  let isFirst: Bool

  private let path: String
  private let descriptor: Int32
  private static let lock = ".turn"

  /// Makes the directory (mode 0700) where there is none, and waits until nobody else has a turn.
  ///
  /// - Throws: where it cannot be made or written.
  init(_ path: String) throws {
    guard !path.isEmpty else { throw Failure("the name of the state directory is empty") }
    var isMade = false
    var descriptor: Int32
    repeat {
      if try HostFolder.make(path, mode: 0o700) { isMade = true }
      descriptor = try Self.locked(path)
    } while descriptor < 0
    self.path = path
    self.descriptor = descriptor
    // Who came between had the first turn.
    let contents = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    isFirst = isMade && contents == [Self.lock]
    // What cannot be swept now can be at the next turn.
    try? HostFolder.removeUnfinished(in: path)
  }

  /// Ends the turn; the directory stays.
  consuming func end() { unlink(path + "/" + Self.lock) }

  /// Ends the turn and takes the directory away, in one step for who waits.
  consuming func endRemovingDirectory() {
    let removed = "\(path).removed-\(getpid())"
    do throws(FileFailure) {
      try HostFile.move(path, to: removed)
      try HostFolder.remove(removed)
    } catch {
      Console.error("\(error)")
    }
  }

  deinit { close(descriptor) }

  /// The lock, held; -1 where the directory or the lock went away meanwhile.
  private static func locked(_ path: String) throws -> Int32 {
    let file = path + "/" + lock
    let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
    var (held, found) = (stat(), stat())
    guard descriptor >= 0 else {
      let failure = FileFailure(path, .use, code: errno)
      // A link to nowhere is there and is not.
      guard errno == ENOENT, stat(path, &found) == 0 || lstat(path, &found) != 0 else {
        throw failure
      }
      return -1
    }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else {
        let failure = FileFailure(path, .lock, code: errno)
        close(descriptor)
        throw failure
      }
    }
    guard fstat(descriptor, &held) == 0, stat(file, &found) == 0, held.st_ino == found.st_ino,
      held.st_dev == found.st_dev
    else {
      close(descriptor)
      return -1
    }
    return descriptor
  }
}
