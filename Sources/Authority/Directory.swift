import Foundation
import HostFiles

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
    try Self.onDisk { () throws(FileFailure) in
      try HostFolder.make(path, mode: 0o700, waitsForDisk: waitsForDisk)
    }
  }

  /// Whether something of this name exists.
  func contains(_ name: String) -> Bool { access(path(name), F_OK) == 0 }

  /// All bytes of a file.
  func read(_ name: String) throws(AuthorityError) -> [UInt8] {
    try Self.onDisk { () throws(FileFailure) in try HostFile.read(path(name)) }
  }

  /// Puts a file in its place, whole and on the disk.
  func write(_ bytes: [UInt8], to name: String, mode: mode_t) throws(AuthorityError) {
    try Self.onDisk { () throws(FileFailure) in
      try HostFile.replace(path(name), with: bytes, mode: mode, waitsForDisk: waitsForDisk)
    }
  }

  /// Gives what is at `name` the name `newName`; replaces no directory that has contents.
  func rename(_ name: String, to newName: String) throws(AuthorityError) {
    try Self.onDisk { () throws(FileFailure) in
      try HostFile.move(path(name), to: path(newName), waitsForDisk: waitsForDisk)
    }
  }

  /// Removes a directory inside and what is in it, if it is there.
  func remove(directory name: String) throws(AuthorityError) {
    try Self.onDisk { () throws(FileFailure) in
      try HostFolder.remove(path(name), waitsForDisk: waitsForDisk)
    }
  }

  /// Removes files that never took their places. The caller holds the directory's lock.
  func sweep() throws(AuthorityError) {
    try Self.onDisk { () throws(FileFailure) in try HostFolder.removeUnfinished(in: path) }
  }

  @discardableResult
  private static func onDisk<Value>(_ body: () throws(FileFailure) -> Value)
    throws(AuthorityError) -> Value
  {
    do throws(FileFailure) { return try body() } catch { throw AuthorityError(error) }
  }
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
