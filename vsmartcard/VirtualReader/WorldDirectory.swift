internal import Foundation
internal import HostProcesses

/// The private directory of a world; the same few files each time.
struct WorldDirectory: Sendable {
  private let folder: ThrowawayFolder
  var path: String { folder.path }

  /// Where the namespace has its `/run/pcscd`, and where we find pcscd's socket.
  var socketPath: String { path + "/socket/pcscd.comm" }
  /// What pcscd and the shell around it say.
  var logPath: String { path + "/log" }

  /// A new directory, mode 0700, with the configuration of one vpcd reader.
  init(in parent: String, readerName: String, port: UInt16) throws(VirtualReaderError) {
    let attempt = "make a private directory in \(parent)"
    do throws(POSIXError) { folder = try ThrowawayFolder(in: parent) } catch {
      throw VirtualReaderError(attempt, errno: error.code.rawValue)
    }
    do throws(VirtualReaderError) {
      guard socketPath.utf8.count < MemoryLayout.size(ofValue: sockaddr_un().sun_path) else {
        throw VirtualReaderError(
          attempt, errno: ENAMETOOLONG, advice: "Set XDG_RUNTIME_DIR to a shorter path")
      }
      for name in ["socket", "world"] where mkdir(path + "/" + name, 0o700) != 0 {
        throw VirtualReaderError(attempt, errno: errno)
      }
      // The port is given twice: pcscd wants a channel, vpcd reads the device's name.
      try write(
        """
        FRIENDLYNAME "\(readerName)"
        DEVICENAME   /dev/null:\(port)
        LIBPATH      /run/libifdvpcd.so
        CHANNELID    \(port)

        """, to: path + "/reader.conf")
    } catch {
      remove()
      throw error
    }
  }

  /// The end of what pcscd and the shell said.
  func logTail() -> String {
    let descriptor = open(logPath, O_RDONLY | O_CLOEXEC)
    guard descriptor >= 0 else { return "" }
    defer { close(descriptor) }
    lseek(descriptor, max(0, lseek(descriptor, 0, SEEK_END) - 1500), SEEK_SET)
    var buffer = [CChar](repeating: 0, count: 1501)
    _ = read(descriptor, &buffer, buffer.count - 1)
    return text(of: buffer)
  }

  /// Takes everything away; nothing where that has happened already.
  func remove() { folder.remove() }

  private func write(_ text: String, to path: String) throws(VirtualReaderError) {
    let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
    guard descriptor >= 0 else { throw VirtualReaderError("write \(path)", errno: errno) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    guard Foundation.write(descriptor, bytes, bytes.count) == bytes.count else {
      throw VirtualReaderError("write \(path)", errno: errno)
    }
  }
}
