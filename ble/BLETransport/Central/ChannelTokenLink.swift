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

  deinit { socket?.leave(loop) }

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
    socket.leave(loop)
    self.socket = nil
    ended(reason)
  }
}
