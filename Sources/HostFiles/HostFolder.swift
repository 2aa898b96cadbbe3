public import Foundation

/// Folders, with the same promise as `HostFile`.
public enum HostFolder {
  /// Makes a folder and those above it; answers whether it was not there.
  ///
  /// - Parameter mode: the permissions of every folder that is made.
  @discardableResult
  public static func make(_ path: String, mode: mode_t = 0o755, waitsForDisk: Bool = true)
    throws(FileFailure) -> Bool
  {
    let parent = parent(of: path)
    var isMade = mkdir(path, mode) == 0
    if !isMade, errno == ENOENT, !path.isEmpty, parent != path {
      try make(parent, mode: mode, waitsForDisk: waitsForDisk)
      isMade = mkdir(path, mode) == 0
    }
    guard isMade || errno == EEXIST else { throw FileFailure(path, .make, code: errno) }
    // Also of one that is there: a process may have made it and been killed before it got here.
    if waitsForDisk { try synchronize(parent) }
    return isMade
  }

  /// Waits until the names in a folder are on the disk.
  public static func synchronize(_ path: String) throws(FileFailure) {
    let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard descriptor >= 0 else {
      guard errno == EACCES else { throw FileFailure(path, .write, code: errno) }
      // A folder may be one to write into and not to read: then the whole system's disks are waited
      // for.
      return sync()
    }
    defer { close(descriptor) }
    // Some file systems have nothing to do for a folder, and say so.
    guard fsync(descriptor) == 0 || errno == EINVAL || errno == ENOTSUP else {
      throw FileFailure(path, .write, code: errno)
    }
  }

  /// Removes a folder with everything in it; answers whether there was one.
  @discardableResult
  public static func remove(_ path: String, waitsForDisk: Bool = true) throws(FileFailure)
    -> Bool
  {
    var status = stat()
    guard lstat(path, &status) == 0 else {
      guard errno == ENOENT else { throw FileFailure(path, .remove, code: errno) }
      return false
    }
    do { try FileManager.default.removeItem(atPath: path) } catch {
      throw FileFailure(path, .remove, reason: SystemReason.text(of: error))
    }
    if waitsForDisk { try synchronize(parent(of: path)) }
    return true
  }

  /// Removes the files that never took their places, because a process was killed or the power went.
  public static func removeUnfinished(in path: String) throws(FileFailure) {
    let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
    for name in names where name.hasPrefix(NewFile.prefix) {
      let file = path + "/" + name
      let descriptor = open(file, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
      guard descriptor >= 0 else { continue }
      defer { close(descriptor) }
      // Another process is still writing one that is locked.
      if flock(descriptor, LOCK_EX | LOCK_NB) == 0 { try HostFile.remove(file) }
    }
  }

  /// Nothing can be written to the file system that a folder is in: it is full.
  public static func isFull(_ path: String) -> Bool {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return false }
    // What a database takes at a time, and then some.
    return status.f_bavail * status.f_frsize < 128 * 1024
  }

  /// The folder that a path's last name is in.
  public static func parent(of path: String) -> String {
    var name = path[...]
    while name.count > 1, name.last == "/" { name.removeLast() }
    guard let slash = name.lastIndex(of: "/") else { return "." }
    return slash == name.startIndex ? "/" : String(name[..<slash])
  }
}
