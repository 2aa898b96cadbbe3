/// The owner's messages over an L2CAP channel: one message a unit.
final class ChannelLink {
  private let requests: CardRequests
  private let socket: PacketSocket
  private let maximumUnit: Int

  /// Serves a channel until it is closed.
  ///
  /// - Parameter closed: called once, when the host has closed it.
  init(
    _ channel: Descriptor, _ requests: CardRequests, on loop: EventLoop,
    closed: @escaping (ChannelLink) -> Void
  ) {
    self.requests = requests
    maximumUnit = L2CAPSocket.peerMaximumUnit(of: channel)
    let relay = Relay()
    socket = PacketSocket(
      channel, maximumLength: L2CAPSocket.maximumUnit,
      received: { relay.link?.take($0) },
      closed: {
        guard let link = relay.link else { return }
        link.close(on: loop)
        closed(link)
      })
    relay.link = self
    loop.add(socket)
  }

  /// The socket's way back to its link, which does not exist yet when the socket is made.
  private final class Relay {
    weak var link: ChannelLink?
  }

  /// Stops serving; the channel is closed when nobody holds this any more.
  func close(on loop: EventLoop) { socket.leave(loop) }

  private func take(_ unit: [UInt8]) {
    do throws(FrameRefusal) {
      let message = try Message(
        serviceDataUnit: unit, from: .host, maximumPayload: Peripheral.maximumMessage)
      do throws(RequestRefusal) {
        try requests.accept(message) { [weak self] in self?.say($0) }
      } catch {
        refuse(message.id, error.code)
      }
    } catch {
      refuse(error.id ?? 0, error.errorCode)
    }
  }

  private func refuse(_ id: UInt8, _ code: ErrorCode) {
    say(Message(.error, id: id, payload: [code.rawValue]))
  }

  /// Says something to the host.
  func say(_ message: Message) {
    let unit = message.serviceDataUnit
    guard unit.count <= maximumUnit else {
      // A host that opened a channel too narrow for its own commands' answers.
      return refuse(message.id, .other)
    }
    socket.send(unit)
  }
}
