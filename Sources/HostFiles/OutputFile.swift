public import Foundation

/// A file that a command leaves its result in, under a name that the user gave: a file, a device, a
/// pipe, an open descriptor (/dev/stdout, /dev/fd/3), or standard output, which is called "-".
///
/// A file, and a link to one, is replaced in one step: what a link points to stays as it is. Into a
/// device, a pipe or a descriptor the result is written.
public struct OutputFile: Sendable {
  /// As the user gave it.
  public let path: String
  /// The permissions of a new file. Those of a file that is there are kept as far as they are no
  /// wider.
  public let mode: mode_t

  /// - Parameter mode: 0600, because what goes to a file may hold data of a card; wider only for what
  ///   is public.
  public init(path: String, mode: mode_t = 0o600) {
    self.path = path
    self.mode = mode
  }

  /// The result goes to standard output.
  public var isStandardOutput: Bool { path == "-" }

  /// Fails where nothing could be written: worth asking before the work is done whose result it is.
  public func check() throws(FileFailure) {
    switch try place() {
    case .descriptor: break
    case .stream:
      guard access(path, W_OK) == 0 else { throw refusal(errno) }
    case .file:
      let folder = HostFolder.parent(of: path)
      guard access(folder, W_OK) == 0 else {
        throw errno == ENOENT
          ? FileFailure(path, .write, reason: "there is no folder \(folder)") : refusal(errno)
      }
    }
  }

  /// Fails where no folder of this name could be made.
  public func checkAsFolder() throws(FileFailure) {
    var place = path
    while access(place, F_OK) != 0, !place.isEmpty, place != "/", place != "." {
      place = HostFolder.parent(of: place)
    }
    var status = stat()
    guard stat(place, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
      throw FileFailure(path, .write, reason: "\(place) is no folder")
    }
    guard access(place, W_OK) == 0 else { throw refusal(errno) }
  }

  /// Writes it whole, or leaves what was there.
  public func write(_ contents: some ContiguousBytes) throws(FileFailure) {
    switch try place() {
    case .descriptor(let descriptor):
      try HostFile.write(contents, to: descriptor, as: path)
    case .stream:
      let descriptor = try openStream()
      defer { close(descriptor) }
      try HostFile.write(contents, to: descriptor, as: path)
    case .file(let old):
      let file = try newFile(inPlaceOf: old)
      try file.write(contents)
      try file.takePlace()
    }
  }

  /// Begins it with its first bytes, for a result that grows: what is written stays when the process
  /// is killed.
  public func begin(with contents: some ContiguousBytes) throws(FileFailure) -> GrowingFile {
    switch try place() {
    case .descriptor(let descriptor):
      let copy = fcntl(descriptor, F_DUPFD_CLOEXEC, 0)
      guard copy >= 0 else { throw refusal(errno) }
      return try begun(copy, contents)
    case .stream:
      return try begun(try openStream(), contents)
    case .file(let old):
      let file = try newFile(inPlaceOf: old)
      try file.write(contents)
      try file.takePlace()
      return GrowingFile(path: path, descriptor: file.release(), isFile: true)
    }
  }

  private func begun(_ descriptor: Int32, _ contents: some ContiguousBytes) throws(FileFailure)
    -> GrowingFile
  {
    let file = GrowingFile(path: path, descriptor: descriptor, isFile: false)
    try file.write(contents)
    return file
  }

  /// What a path leads to.
  private enum Place {
    /// Nothing yet, or a file or a link to one, with what the system says of it.
    case file(stat?)
    /// A device or a pipe.
    case stream
    /// An open descriptor of this process.
    case descriptor(Int32)
  }

  private func place() throws(FileFailure) -> Place {
    guard !isStandardOutput else { return .descriptor(STDOUT_FILENO) }
    guard !path.isEmpty else { throw FileFailure(path, .write, reason: "the name is empty") }
    if let descriptor = Self.descriptor(path) { return .descriptor(descriptor) }
    var (here, target) = (stat(), stat())
    guard lstat(path, &here) == 0 else {
      // A name that ends in a slash, or a folder that is not there, fails when it is written.
      guard errno == ENOENT else { throw refusal(errno) }
      return .file(nil)
    }
    guard stat(path, &target) == 0 else { return .file(nil) }
    switch target.st_mode & S_IFMT {
    case S_IFREG: return .file(here.st_mode & S_IFMT == S_IFREG ? here : nil)
    case S_IFDIR: throw FileFailure(path, .write, reason: "it is a folder")
    default:
      try refuseStranger(here)
      try refuseStranger(target)
      return .stream
    }
  }

  /// In a folder that everybody may write to, like /tmp, somebody else's pipe or link to one would
  /// get what is not theirs.
  private func refuseStranger(_ status: stat) throws(FileFailure) {
    guard let folder = folderStatus, folder.st_mode & S_IWOTH != 0 else { return }
    guard status.st_uid != geteuid(), status.st_uid != folder.st_uid else { return }
    throw FileFailure(
      path, .write,
      reason: "it belongs to another user, in a folder that everybody may write to")
  }

  private func openStream() throws(FileFailure) -> Int32 {
    let descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY)
    guard descriptor >= 0 else { throw refusal(errno) }
    return descriptor
  }

  /// A new file with the permissions that the old one has, as far as they are no wider than `mode`;
  /// and its owner, unless anybody could have put it there.
  private func newFile(inPlaceOf old: stat?) throws(FileFailure) -> NewFile {
    let kept = old.map { $0.st_mode & mode }
    let file = try NewFile(for: path, mode: kept ?? mode)
    if let old, let kept {
      let isOpenToAll = folderStatus.map { $0.st_mode & S_IWOTH != 0 } ?? true
      // Only root can; for others it stays theirs.
      if !isOpenToAll { _ = fchown(file.descriptor, old.st_uid, old.st_gid) }
      guard fchmod(file.descriptor, kept) == 0 else { throw refusal(errno) }
    }
    return file
  }

  private var folderStatus: stat? {
    var status = stat()
    return stat(HostFolder.parent(of: path), &status) == 0 ? status : nil
  }

  /// The descriptor that a path such as /dev/stdout or /dev/fd/3 is.
  private static func descriptor(_ path: String) -> Int32? {
    var place = path
    for _ in 0..<8 {
      if let number = Int32((place as NSString).lastPathComponent),
        let folder = realpath(HostFolder.parent(of: place), nil)
      {
        defer { free(folder) }
        if String(cString: folder) == "/proc/\(getpid())/fd" { return number }
      }
      guard let link = try? FileManager.default.destinationOfSymbolicLink(atPath: place) else {
        return nil
      }
      place = link.hasPrefix("/") ? link : HostFolder.parent(of: place) + "/" + link
    }
    return nil
  }

  private func refusal(_ code: Int32) -> FileFailure { FileFailure(path, .write, code: code) }
}
