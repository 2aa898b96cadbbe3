public import Foundation

/// Contents on their way into a file's place: they are written to a file beside it, which takes the
/// place in one step when they are whole. Given up before that, nothing of it stays.
///
/// The file is locked (flock) from the beginning: one that nobody holds was left by a process that
/// was killed or by a power cut, and may be removed (`HostFolder.removeUnfinished`).
public final class NewFile {
  /// Where the contents are to be.
  public let path: String
  /// The open file, for reading and writing.
  public let descriptor: Int32
  private let folder: String
  private let unfinished: String
  private let waitsForDisk: Bool
  private var isInPlace = false
  private var isReleased = false

  static let prefix = ".softdna-"

  /// A new file beside `path`, under a name that nobody can know before.
  ///
  /// - Parameters:
  ///   - mode: its permissions from the first moment, less what the umask takes away.
  ///   - waitsForDisk: what is in its place survives a power cut; false: only this process.
  public init(for path: String, mode: mode_t = 0o600, waitsForDisk: Bool = true)
    throws(FileFailure)
  {
    self.path = path
    self.waitsForDisk = waitsForDisk
    folder = HostFolder.parent(of: path)
    var descriptor: Int32
    var unfinished: String
    repeat {
      unfinished = folder + "/" + Self.prefix + Self.randomName()
      descriptor = open(
        unfinished, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode)
    } while descriptor < 0 && (errno == EEXIST || errno == EINTR)
    guard descriptor >= 0 else { throw FileFailure(path, .write, code: errno) }
    // Where files cannot be locked nothing is ever swept.
    flock(descriptor, LOCK_EX | LOCK_NB)
    self.descriptor = descriptor
    self.unfinished = unfinished
  }

  /// Writes all of it.
  public func write(_ contents: some ContiguousBytes) throws(FileFailure) {
    try HostFile.write(contents, to: descriptor, as: path)
  }

  /// Puts it in its place, on the disk where that is waited for: first its contents, then its name.
  public func takePlace() throws(FileFailure) {
    try synchronize()
    guard rename(unfinished, path) == 0 else { throw FileFailure(path, .write, code: errno) }
    isInPlace = true
    if waitsForDisk { try HostFolder.synchronize(folder) }
  }

  /// Waits until what was written is on the disk.
  func synchronize() throws(FileFailure) {
    guard !waitsForDisk || fsync(descriptor) == 0 else {
      throw FileFailure(path, .write, code: errno)
    }
  }

  /// The open file, which the caller closes from now on.
  public func release() -> Int32 {
    isReleased = true
    return descriptor
  }

  deinit {
    if !isInPlace { unlink(unfinished) }
    if !isReleased { close(descriptor) }
  }

  private static func randomName() -> String {
    [UInt64.random(in: 0...UInt64.max), UInt64.random(in: 0...UInt64.max)].map { number in
      let digits = String(number, radix: 16)
      return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
  }
}
