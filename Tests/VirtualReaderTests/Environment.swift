import Glibc
import HostProcesses
import Testing

@testable import VirtualReader

/// Whether the tests that need pcscd run: where it is installed, and always in CI, where a
/// missing pcscd is a failure and not an excuse.
let pcscdIsExpected: Bool = {
  let configuration = PrivateWorld.Configuration()
  let isInstalled =
    access(configuration.pcscd, X_OK) == 0 && access(configuration.driver, R_OK) == 0
  return isInstalled || getenv("CI") != nil
}()

extension Trait where Self == ConditionTrait {
  static var needsPCSCD: Self {
    .enabled(if: pcscdIsExpected, "pcscd and vsmartcard-vpcd are not installed")
  }
}

/// A directory of a test's own, to find out what was left in it.
struct ScratchDirectory: ~Copyable {
  let path: String

  init() throws {
    var template = Array("/tmp/sdt-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    path = text(of: template)
    // For the tests that become another user.
    chmod(path, 0o777)
  }

  deinit {
    for name in entries { unlink(path + "/" + name) }
    rmdir(path)
  }

  var entries: [String] {
    guard let directory = opendir(path) else { return [] }
    defer { closedir(directory) }
    var names: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// A world's configuration that lives here.
  var configuration: PrivateWorld.Configuration { .inDirectory(path) }

  /// The processes with this directory in their command line: the shells that keep worlds here.
  var processes: [String] {
    guard let directory = opendir("/proc") else { return [] }
    defer { closedir(directory) }
    var found: [String] = []
    while let entry = readdir(directory) {
      let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
        pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
      }
      guard Int(name) != nil, contents(of: "/proc/\(name)/cmdline").contains(path) else { continue }
      found.append(name)
    }
    return found
  }
}

extension PrivateWorld.Configuration {
  static func inDirectory(_ path: String) -> Self {
    var configuration = Self()
    configuration.parentDirectory = path
    return configuration
  }
}

/// A small file's text, zero bytes as blanks; empty where it cannot be read.
func contents(of path: String) -> String {
  let descriptor = open(path, O_RDONLY | O_CLOEXEC)
  guard descriptor >= 0 else { return "" }
  defer { close(descriptor) }
  var bytes = [UInt8](repeating: 0, count: 65_536)
  let count = read(descriptor, &bytes, bytes.count)
  return String(decoding: bytes.prefix(max(count, 0)).map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
}

/// The ids of all processes called pcscd.
func pcscdProcesses() -> Set<String> {
  guard let directory = opendir("/proc") else { return [] }
  defer { closedir(directory) }
  var found: Set<String> = []
  while let entry = readdir(directory) {
    let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
      pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
    }
    guard Int(name) != nil, contents(of: "/proc/\(name)/comm") == "pcscd\n" else { continue }
    found.insert(name)
  }
  return found
}

/// Runs a program in a world and answers what it printed and its exit status.
func output(
  of arguments: [String], in world: PrivateWorld
) throws -> (text: String, status: Int32) {
  let scratch = try ScratchDirectory()
  let path = scratch.path + "/output"
  let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  var launch = ChildProcess.Launch(
    arguments: arguments,
    environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
      + world.environment.map { "\($0.key)=\($0.value)" })
  launch.output = descriptor
  let child = try ChildProcess.start(launch).get()
  let status = child.wait()
  return (contents(of: path), status)
}

/// Writes an executable file.
func write(_ text: String, to path: String) throws {
  let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o755)
  try #require(descriptor >= 0)
  defer { close(descriptor) }
  let bytes = Array(text.utf8)
  try #require(Glibc.write(descriptor, bytes, bytes.count) == bytes.count)
}

/// Sends a signal to this process, and waits for it: the calling thread may have it blocked, and
/// would go on until another has taken it.
func endBySignal(_ signal: Int32) {
  kill(getpid(), signal)
  sleep(10)
}
