import Foundation
import HostFiles

/// A text file that somebody wrote by hand.
enum TextFile {
  /// All of it.
  ///
  /// - Throws: in words, why there is none or what it is instead.
  static func read(_ path: String) throws(FileError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(path) }
    let handle = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true)
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw failed(path) }
    guard status.st_mode & S_IFMT != S_IFDIR, let data = try? handle.readToEnd() ?? Data() else {
      throw FileError(description: "\(path): is no file that can be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw FileError(description: "\(path): is no text in UTF-8")
    }
    return text
  }

  private static func failed(_ path: String) -> FileError {
    FileError(description: "\(path): \(SystemReason.text(errno))")
  }
}
