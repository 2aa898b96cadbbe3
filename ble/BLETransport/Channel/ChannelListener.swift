internal import CBluetooth
internal import Glibc

/// Waits for hosts that open an L2CAP channel to the token.
final class ChannelListener: EventSource {
  private let socket: Descriptor
  /// The number hosts connect to.
  let psm: UInt16
  private let accepted: (Descriptor, String) -> Void

  /// Listens at the first number that is free.
  ///
  /// - Parameters:
  ///   - adapter: its address.
  ///   - accepted: sees each channel on a secure link, and its host's address.
  init(
    adapter: String, isPublic: Bool, accepted: @escaping (Descriptor, String) -> Void
  ) throws(L2CAPError) {
    self.accepted = accepted
    for psm in L2CAPSocket.dynamicPSMs {
      do throws(L2CAPError) {
        socket = try L2CAPSocket.bound(to: adapter, isPublic: isPublic, psm: psm)
        self.psm = psm
      } catch {
        guard error.code == EADDRINUSE else { throw error }
        continue
      }
      guard listen(socket.number, 4) == 0 else { throw L2CAPError("listen for L2CAP channels") }
      return
    }
    throw L2CAPError("find a free number for L2CAP channels", errno: EADDRINUSE)
  }

  var descriptor: Int32 { socket.number }
  var events: Int16 { Int16(POLLIN) }

  func ready(_ events: Int16) {
    var address = sockaddr_l2()
    var length = socklen_t(MemoryLayout<sockaddr_l2>.size)
    let number = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        accept(socket.number, $0, &length)
      }
    }
    // A host that changed its mind.
    guard number >= 0 else { return }
    let channel = Descriptor(owning: number)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    guard L2CAPSocket.isSecure(channel) else { return }
    var text = [CChar](repeating: 0, count: 18)
    ba2str(&address.l2_bdaddr, &text)
    accepted(channel, String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self))
  }
}
