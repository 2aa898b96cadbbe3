import Foundation

/// The state directory, as far as its files' safety goes.
struct Directory: Sendable {
  let path: String
  /// Files and names are on the disk when they are said to be. What is thrown away needs no disk.
  var waitsForDisk = true

  /// The path of something inside.
  func path(_ name: String) -> String { path + "/" + name }

  /// A directory inside, with the same care.
  func directory(_ name: String) -> Directory {
    Directory(path: path(name), waitsForDisk: waitsForDisk)
  }

  /// Creates the directory (mode 0700) unless it is there.
  func create() throws(AuthorityError) {
    guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
    guard errno == ENOENT else { throw failed("creating \(path)") }
    let parent = (path as NSString).deletingLastPathComponent
    try Directory(path: parent.isEmpty ? "." : parent).create()
    guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw failed("creating \(path)") }
  }

  /// Whether something of this name exists.
  func contains(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

  /// All bytes of a file.
  func read(_ name: String) throws(AuthorityError) -> [UInt8] {
    let attempted = "reading \(path(name))"
    let descriptor = open(path(name), O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed(attempted) }
    defer { close(descriptor) }
    var contents: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: 16_384)
    while true {
      let count = Foundation.read(descriptor, &buffer, buffer.count)
      guard count >= 0 else { throw failed(attempted) }
      guard count > 0 else { return contents }
      contents += buffer.prefix(count)
    }
  }

  /// Creates a file that must not be there, with `mode`, and waits for the disk.
  func write(_ bytes: [UInt8], to name: String, mode: mode_t) throws(AuthorityError) {
    let attempted = "writing \(path(name))"
    let descriptor = open(path(name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
    guard descriptor >= 0 else { throw failed(attempted) }
    defer { close(descriptor) }
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = rest.withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) }
      guard count > 0 else { throw failed(attempted) }
      rest = rest.dropFirst(count)
    }
    guard !waitsForDisk || fsync(descriptor) == 0 else { throw failed(attempted) }
  }

  /// Waits until the names in the directory are on the disk.
  func synchronize() throws(AuthorityError) {
    guard waitsForDisk else { return }
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw failed("opening \(path)") }
    defer { close(descriptor) }
    guard fsync(descriptor) == 0 else { throw failed("synchronizing \(path)") }
  }

  /// Gives what is at `name` the name `newName`; replaces nothing that has contents.
  func rename(_ name: String, to newName: String) throws(AuthorityError) {
    guard Foundation.rename(path(name), path(newName)) == 0 else {
      throw failed("renaming \(path(name)) to \(newName)")
    }
  }

  /// Removes a directory inside and the plain files in it, if it is there.
  func remove(directory name: String) throws(AuthorityError) {
    let attempted = "removing \(path(name))"
    guard contains(name) else { return }
    do {
      try FileManager.default.removeItem(atPath: path(name))
    } catch {
      throw AuthorityError(attempted, .file, "\(error)")
    }
  }

  private func failed(_ attempted: String) -> AuthorityError { .system(attempted, errno: errno) }
}

/// Holds a directory against other processes while it is set up. The kernel lets go of the lock
/// when the process dies, however it dies.
struct DirectoryLock: ~Copyable {
  private let descriptor: Int32

  init(_ directory: Directory) throws(AuthorityError) {
    let attempted = "locking \(directory.path)"
    descriptor = open(directory.path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else { throw .system(attempted, errno: errno) }
    while flock(descriptor, LOCK_EX) != 0 {
      guard errno == EINTR else { throw .system(attempted, errno: errno) }
    }
  }

  /// Lets go; written out where a reader must see how long the lock was held.
  consuming func release() {}

  deinit { close(descriptor) }
}
