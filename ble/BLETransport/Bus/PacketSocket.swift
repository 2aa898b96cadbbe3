internal import Glibc

/// A connected socket that keeps the boundaries of packets (SOCK_SEQPACKET): what BlueZ gives for
/// notifications, and an L2CAP channel. Sending never waits; what the other end is slow to take is
/// kept in order.
final class PacketSocket: EventSource {
  private let socket: Descriptor
  private var outgoing: [[UInt8]] = []
  private var buffer: [UInt8]
  private let received: ([UInt8]) -> Void
  private let closed: () -> Void

  /// Takes a connected socket over.
  ///
  /// - Parameters:
  ///   - maximumLength: of a packet that comes, in bytes; the rest of a longer one is lost.
  ///   - closed: called once, when the other end is gone; not after `deinit`.
  init(
    _ socket: Descriptor, maximumLength: Int, received: @escaping ([UInt8]) -> Void,
    closed: @escaping () -> Void
  ) {
    self.socket = socket
    self.received = received
    self.closed = closed
    buffer = [UInt8](repeating: 0, count: maximumLength)
    _ = fcntl(socket.number, F_SETFL, fcntl(socket.number, F_GETFL) | O_NONBLOCK)
  }

  /// Sends a packet, after those that are waiting.
  func send(_ packet: [UInt8]) {
    outgoing.append(packet)
    flush()
  }

  private func flush() {
    var sent = 0
    for packet in outgoing {
      guard Glibc.send(socket.number, packet, packet.count, Int32(MSG_NOSIGNAL)) >= 0
      else {
        if errno == EAGAIN || errno == EINTR { break }
        // The other end is gone or refuses it; the loop will hear of the former.
        sent += 1
        continue
      }
      sent += 1
    }
    outgoing.removeFirst(sent)
  }

  var descriptor: Int32 { socket.number }

  var events: Int16 { Int16(outgoing.isEmpty ? POLLIN : POLLIN | POLLOUT) }

  func ready(_ events: Int16) {
    flush()
    let count = recv(socket.number, &buffer, buffer.count, 0)
    if count > 0 {
      received(Array(buffer[..<count]))
    } else if count == 0 || (errno != EAGAIN && errno != EINTR) {
      closed()
    }
  }
}
