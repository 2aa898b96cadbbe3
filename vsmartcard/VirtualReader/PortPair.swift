internal import Glibc

/// Two neighbouring TCP ports kept for the two slots of one vpcd reader.
///
/// vpcd binds with SO_REUSEADDR. A port bound by us *without* it is ours alone; set afterwards, it
/// lets vpcd in while the kernel still gives the port to nobody else. No other program and no
/// other world can take the ports between our choice and vpcd's.
final class PortPair: Sendable {
  /// The port of the first slot; the second slot has the next.
  let first: UInt16
  private let descriptors: [Int32]

  /// Two free ports, chosen by the kernel.
  init() throws(VirtualReaderError) {
    let attempt = "reserve two neighbouring TCP ports"
    var lastError: Int32 = EADDRINUSE
    for _ in 0..<64 {
      guard let (low, port) = Self.bound(to: 0), port < UInt16.max else {
        lastError = errno
        continue
      }
      guard let (high, _) = Self.bound(to: port + 1) else {
        lastError = errno
        close(low)
        continue
      }
      for descriptor in [low, high] {
        var yes: Int32 = 1
        setsockopt(
          descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
      }
      first = port
      descriptors = [low, high]
      return
    }
    throw VirtualReaderError(attempt, errno: lastError)
  }

  deinit { for descriptor in descriptors { close(descriptor) } }

  private static func bound(to port: UInt16) -> (descriptor: Int32, port: UInt16)? {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
        let code = bind(descriptor, address, length)
        return code == 0 ? getsockname(descriptor, address, &length) : code
      }
    }
    guard code == 0 else {
      close(descriptor)
      return nil
    }
    return (descriptor, UInt16(bigEndian: address.sin_port))
  }
}
