internal import Glibc

/// A file descriptor with one owner: closed when nobody holds it any more.
final class Descriptor: Sendable {
  /// Its number, for system calls that do not keep it.
  let number: Int32

  /// Takes the descriptor over.
  init(owning number: Int32) { self.number = number }

  deinit { close(number) }

  /// What the last failed system call said.
  static var lastError: String { String(cString: strerror(errno)) }
}
