public import Foundation
import Synchronization

/// A result that grows while a command runs.
public final class GrowingFile: Sendable {
  private let path: String
  private let isFile: Bool
  /// -1 when it has ended.
  private let descriptor: Mutex<Int32>

  init(path: String, descriptor: Int32, isFile: Bool) {
    self.path = path
    self.isFile = isFile
    self.descriptor = Mutex(descriptor)
  }

  /// Writes all of it behind what is there.
  public func write(_ contents: some ContiguousBytes) throws(FileFailure) {
    try descriptor.withLock { descriptor throws(FileFailure) in
      guard descriptor >= 0 else { throw FileFailure(path, .write, reason: "it has ended") }
      try HostFile.write(contents, to: descriptor, as: path)
    }
  }

  /// Ends it; what was written survives a power cut from here on.
  public func end() throws(FileFailure) {
    try descriptor.withLock { descriptor throws(FileFailure) in
      guard descriptor >= 0 else { return }
      let code = isFile && fsync(descriptor) != 0 ? errno : 0
      close(descriptor)
      descriptor = -1
      guard code == 0 else { throw FileFailure(path, .write, code: code) }
    }
  }

  deinit { descriptor.withLock { if $0 >= 0 { close($0) } } }
}
