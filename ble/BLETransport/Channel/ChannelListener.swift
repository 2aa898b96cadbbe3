internal import CBluetooth
internal import Glibc

/// Waits for hosts that open an L2CAP channel to the token.
final class ChannelListener: EventSource {
  private static let pause = Duration.seconds(1)

  private let socket: Descriptor
  /// The number hosts connect to.
  let psm: UInt16
  private let accepted: (Descriptor, String) -> Void
  private let failed: (L2CAPError) -> Void
  /// Until when nobody is accepted: this process has no descriptors left, say.
  private var resting: ContinuousClock.Instant?

  /// Listens at the first number that is free.
  ///
  /// - Parameters:
  ///   - adapter: its address.
  ///   - accepted: sees each channel on a secure link, and its host's address.
  ///   - failed: called when nobody can be accepted any more: it has to be removed from its loop.
  init(
    adapter: String, isPublic: Bool, accepted: @escaping (Descriptor, String) -> Void,
    failed: @escaping (L2CAPError) -> Void
  ) throws(L2CAPError) {
    self.accepted = accepted
    self.failed = failed
    for psm in L2CAPSocket.dynamicPSMs {
      do throws(L2CAPError) {
        socket = try L2CAPSocket.bound(to: adapter, isPublic: isPublic, psm: psm)
        self.psm = psm
      } catch {
        guard error.code == EADDRINUSE else { throw error }
        continue
      }
      // A host that changes its mind leaves nobody to accept: that must not be waited for.
      _ = fcntl(socket.number, F_SETFL, fcntl(socket.number, F_GETFL) | O_NONBLOCK)
      guard listen(socket.number, 4) == 0 else { throw L2CAPError("listen for L2CAP channels") }
      return
    }
    throw L2CAPError("find a free number for L2CAP channels", errno: EADDRINUSE)
  }

  var descriptor: Int32 { resting == nil ? socket.number : -1 }
  var events: Int16 { Int16(POLLIN) }
  var timeLeft: Duration? {
    resting.map { max(.zero, ContinuousClock.Instant.now.duration(to: $0)) }
  }

  func ready(_ events: Int16) {
    if let resting, resting > .now { return }
    resting = nil
    guard events & Int16(POLLHUP | POLLERR | POLLNVAL) == 0 else {
      var code: Int32 = 0
      var length = socklen_t(MemoryLayout<Int32>.size)
      getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &code, &length)
      return failed(L2CAPError("listen for L2CAP channels", errno: code == 0 ? ECONNRESET : code))
    }
    var address = sockaddr_l2()
    var length = socklen_t(MemoryLayout<sockaddr_l2>.size)
    let number = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        accept(socket.number, $0, &length)
      }
    }
    guard number >= 0 else {
      if ![EAGAIN, EINTR, ECONNABORTED].contains(errno) { resting = .now + Self.pause }
      return
    }
    let channel = Descriptor(owning: number)
    _ = fcntl(number, F_SETFD, FD_CLOEXEC)
    guard L2CAPSocket.isSecure(channel) else { return }
    accepted(channel, L2CAPSocket.text(of: &address.l2_bdaddr))
  }
}
