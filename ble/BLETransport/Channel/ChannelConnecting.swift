internal import CBluetooth
internal import Glibc

/// An L2CAP channel that is being opened: the kernel pages, encrypts and asks the other end.
final class ChannelConnecting: EventSource {
  private let socket: Descriptor
  private let completion: (Result<Descriptor, L2CAPError>) -> Void

  /// Begins to open a channel; `completion` sees the outcome once the loop has it as a source.
  init(
    from adapter: (address: String, isPublic: Bool), to token: (address: String, isPublic: Bool),
    psm: UInt16, completion: @escaping (Result<Descriptor, L2CAPError>) -> Void
  ) throws(L2CAPError) {
    socket = try L2CAPSocket.bound(to: adapter.address, isPublic: adapter.isPublic, psm: 0)
    self.completion = completion
    let number = socket.number
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    let code = L2CAPSocket.with(
      address: token.address, isPublic: token.isPublic, psm: psm
    ) { connect(number, $0, $1) }
    guard code == 0 || errno == EINPROGRESS else {
      throw L2CAPError("open an L2CAP channel to \(token.address)")
    }
  }

  var descriptor: Int32 { socket.number }
  var events: Int16 { Int16(POLLOUT) }

  func ready(_ events: Int16) {
    var code: Int32 = 0
    var length = socklen_t(MemoryLayout<Int32>.size)
    getsockopt(socket.number, SOL_SOCKET, SO_ERROR, &code, &length)
    guard code == 0, events & Int16(POLLHUP | POLLERR) == 0 else {
      return completion(
        .failure(L2CAPError("open an L2CAP channel", errno: code == 0 ? ECONNRESET : code)))
    }
    guard L2CAPSocket.isSecure(socket) else {
      return completion(.failure(L2CAPError("secure an L2CAP channel", errno: EACCES)))
    }
    completion(.success(socket))
  }
}
