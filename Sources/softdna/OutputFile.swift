import Foundation

/// A file that a command leaves its result in: a file, a device, a pipe, or standard output, which is
/// called "-".
struct OutputFile {
  let path: String

  var isStandardOutput: Bool { path == "-" }

  /// Fails where nothing could be written: worth asking before the work is done whose result it is.
  func check() throws {
    guard !isStandardOutput else { return }
    guard kind != S_IFDIR else { throw refusal("it is a folder") }
    let place = kind == nil ? folder : path
    guard access(place, W_OK) == 0 else {
      throw refusal(errno == ENOENT ? "there is no folder \(place)" : Failure.reason(of: errno))
    }
  }

  /// Fails where no folder of this name could be made.
  func checkAsFolder() throws {
    var place = path
    while access(place, F_OK) != 0, !place.isEmpty, place != "/" {
      place = (place as NSString).deletingLastPathComponent
    }
    let found = OutputFile(path: place.isEmpty ? "." : place)
    guard found.kind == S_IFDIR else { throw refusal("\(found.path) is no folder") }
    guard access(found.path, W_OK) == 0 else { throw refusal(Failure.reason(of: errno)) }
  }

  /// Writes it whole, or leaves what was there.
  func write(_ data: Data) throws {
    switch kind {
    case _ where isStandardOutput: try WholeFile.write(data, to: STDOUT_FILENO, as: path)
    case nil, S_IFREG: try WholeFile.write(data, to: path)
    // A file in the place of a device or a pipe would not be what reads it.
    default:
      let descriptor = open(path, O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { throw WholeFile.failed(path, "written") }
      defer { close(descriptor) }
      try WholeFile.write(data, to: descriptor, as: path)
    }
  }

  private var folder: String {
    let folder = (path as NSString).deletingLastPathComponent
    return folder.isEmpty ? "." : folder
  }

  /// What is there, links followed; nil for nothing.
  private var kind: mode_t? {
    var status = stat()
    return stat(path, &status) == 0 ? status.st_mode & S_IFMT : nil
  }

  private func refusal(_ reason: String) -> Failure {
    WholeFile.failed(path, "written", reason)
  }
}
