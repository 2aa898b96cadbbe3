internal import Terminal

/// Messages as fragments in characteristics: each fragment to the token is one write request, each
/// from the token one notification.
///
/// Write requests are answered one by one, and the next fragment goes out when the one before it was
/// taken: BlueZ 5.66 would let them overtake each other.
final class GATTTokenLink: TokenLink {
  /// Where the characteristics are, and what they take.
  struct Route {
    /// The object of the Command characteristic.
    let command: String
    /// The ATT MTU of the link, in bytes.
    let mtu: Int
    /// What Info says.
    let info: Info
  }

  private struct Outgoing {
    let value: [UInt8]
    let refused: (ChannelError) -> Void
    /// The message, for dropping the rest of it.
    let number: Int
  }

  private let bluez: BlueZ
  private let route: Route
  private let dataLength: Int
  private var notifications: PacketSocket?
  private let loop: EventLoop
  private var reassembly = Reassembly(from: .token, maximumPayload: Message.maximumPayload)
  private var outgoing: [Outgoing] = []
  private var isWriting = false
  private var messages = 0

  var received: (Message) -> Void = { _ in }
  var heard: () -> Void = {}
  var ended: (String) -> Void = { _ in }

  var summary: String { "GATT, \(dataLength) bytes a fragment" }

  /// A link over `socket`, which BlueZ gave for the notifications of Response.
  init(_ bluez: BlueZ, _ route: Route, notifications socket: Descriptor, on loop: EventLoop) {
    self.bluez = bluez
    self.route = route
    self.loop = loop
    dataLength = min(
      Fragmentation.dataLength(mtu: route.mtu), max(1, Int(route.info.maximumFragment)))
    let notifications = PacketSocket(
      socket, maximumLength: 512,
      received: { [unowned self] value in take(value) },
      closed: { [unowned self] in close("the token's notifications have ended") })
    self.notifications = notifications
    loop.add(notifications)
  }

  deinit { notifications?.leave(loop) }

  func send(_ message: Message, refused: @escaping (ChannelError) -> Void) {
    messages += 1
    do throws(FrameRefusal) {
      outgoing += try Fragmentation(message, dataLength: dataLength).map {
        Outgoing(value: $0, refused: refused, number: messages)
      }
    } catch {
      refused(ChannelError(error.attError, attempt: Self.attempt))
    }
    writeNext()
  }

  private func writeNext() {
    guard !isWriting, let next = outgoing.first else { return }
    outgoing.removeFirst()
    isWriting = true
    bluez.call(
      Self.attempt, route.command, BlueZ.characteristic, "WriteValue",
      [.bytes(next.value), .dictionary(["type": .string("request")])], as: "aya{sv}"
    ) { [weak self] answer in
      guard let self else { return }
      isWriting = false
      if case .failure(let error) = answer {
        outgoing.removeAll { $0.number == next.number }
        next.refused(error.writeRefusal(attempt: Self.attempt))
      }
      writeNext()
    }
  }

  private func take(_ value: [UInt8]) {
    heard()
    do throws(FrameRefusal) {
      if let message = try reassembly.accept(value, at: .now) { received(message) }
    } catch {
      close("the token sent \(error)")
    }
  }

  private func close(_ reason: String) {
    guard let socket = notifications else { return }
    socket.leave(loop)
    notifications = nil
    ended(reason)
  }

  private static let attempt = "send a command over Bluetooth"
}

extension BusError {
  /// What the token's answer to a write request means. BlueZ hands an application's own error
  /// through as words that end in its code.
  func writeRefusal(attempt: String) -> ChannelError {
    if let mark = reason.ranges(of: "0x").last,
      let code = UInt8(reason[mark.upperBound...], radix: 16), let known = ATTError(rawValue: code)
    {
      return ChannelError(known, attempt: attempt)
    }
    return ChannelError(.wire, attempt: attempt, reason: "\(reason) (\(name))")
  }
}
