internal import CBluetooth
internal import Glibc
internal import Terminal

/// Messages as units of an L2CAP channel, one a message.
final class ChannelTokenLink: TokenLink {
  private let loop: EventLoop
  private var socket: PacketSocket?
  private let peerMaximum: Int

  var received: (Message) -> Void = { _ in }
  var heard: () -> Void = {}
  var ended: (String) -> Void = { _ in }

  var summary: String { "L2CAP" }

  /// A link over a channel that is connected.
  init(_ channel: Descriptor, on loop: EventLoop) {
    self.loop = loop
    peerMaximum = L2CAPSocket.peerMaximumUnit(of: channel)
    let socket = PacketSocket(
      channel, maximumLength: L2CAPSocket.maximumUnit,
      received: { [unowned self] unit in take(unit) },
      closed: { [unowned self] in close("the token has closed the L2CAP channel") })
    self.socket = socket
    loop.add(socket)
  }

  deinit { if let socket { loop.remove(socket) } }

  func send(_ message: Message, refused: @escaping (ChannelError) -> Void) {
    let unit = message.serviceDataUnit
    guard unit.count <= peerMaximum else {
      return refused(ChannelError(.tooLong, attempt: "send a command over Bluetooth"))
    }
    socket?.send(unit)
  }

  private func take(_ unit: [UInt8]) {
    do throws(FrameRefusal) {
      received(
        try Message(
          serviceDataUnit: unit, from: .token, maximumPayload: Message.maximumPayload))
    } catch {
      close("the token sent \(error)")
    }
  }

  private func close(_ reason: String) {
    guard let socket else { return }
    loop.remove(socket)
    self.socket = nil
    ended(reason)
  }
}

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
