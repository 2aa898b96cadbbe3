internal import Glibc

/// A connected socket that keeps the boundaries of packets (SOCK_SEQPACKET): what BlueZ gives for
/// notifications, and an L2CAP channel. Sending never waits; what the other end is slow to take is
/// kept in order, up to a limit.
///
/// POLLHUP and POLLERR are its end, whatever reading says: the kernel closes an L2CAP channel whose
/// other end breaks the rules without marking it as shut down, and reading then answers EAGAIN for
/// ever.
final class PacketSocket: EventSource {
  /// What may wait for an other end that takes nothing, in bytes.
  static let maximumBacklog = 4 << 20
  private static let costOfPacket = 64

  private let socket: Descriptor
  private var outgoing: [[UInt8]] = []
  private var backlog = 0
  private var buffer: [UInt8]
  private let received: ([UInt8]) -> Void
  private let closed: () -> Void
  /// Nothing is received or told any more.
  private var isOver = false
  /// The other end has left too much lying; told at the next turn, not to who is just sending.
  private var isGivenUp = false

  /// Takes a connected socket over.
  ///
  /// - Parameters:
  ///   - maximumLength: of a packet that comes, in bytes; the rest of a longer one is lost.
  ///   - closed: called once, when the other end is gone; not after `leave` or `deinit`.
  init(
    _ socket: Descriptor, maximumLength: Int, received: @escaping ([UInt8]) -> Void,
    closed: @escaping () -> Void
  ) {
    self.socket = socket
    self.received = received
    self.closed = closed
    buffer = [UInt8](repeating: 0, count: max(1, maximumLength))
    _ = fcntl(socket.number, F_SETFL, fcntl(socket.number, F_GETFL) | O_NONBLOCK)
  }

  /// Sends a packet, after those that are waiting.
  func send(_ packet: [UInt8]) {
    guard !isOver, !isGivenUp else { return }
    outgoing.append(packet)
    backlog += packet.count + Self.costOfPacket
    flush()
    if backlog > Self.maximumBacklog {
      isGivenUp = true
      outgoing = []
    }
  }

  /// Takes it out of its loop: nothing is received or told any more, not even of this turn.
  func leave(_ loop: EventLoop) {
    isOver = true
    loop.remove(self)
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
    for packet in outgoing.prefix(sent) { backlog -= packet.count + Self.costOfPacket }
    outgoing.removeFirst(sent)
  }

  var descriptor: Int32 { socket.number }

  var events: Int16 { Int16(outgoing.isEmpty ? POLLIN : POLLIN | POLLOUT) }

  var timeLeft: Duration? { isGivenUp ? .zero : nil }

  func ready(_ events: Int16) {
    flush()
    let hasEnded = isGivenUp || Self.isEnd(events)
    // What came before the end is still read.
    while !isOver {
      let count = recv(socket.number, &buffer, buffer.count, 0)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno != EAGAIN { return end() }
      // Reading answers 0 at the end, and for an empty packet.
      if count < 0 || (count == 0 && (hasEnded || isAtEnd)) { break }
      received(Array(buffer[..<count]))
      if !hasEnded { return }
    }
    if hasEnded || isAtEnd { end() }
  }

  private func end() {
    guard !isOver else { return }
    isOver = true
    closed()
  }

  /// POLLRDHUP, which Glibc does not import: the other end has said that it sends nothing more.
  private static let hasShutDown: Int32 = 0x2000

  private static func isEnd(_ events: Int16) -> Bool {
    events & Int16(POLLHUP | POLLERR | POLLNVAL | hasShutDown) != 0
  }

  /// Whether the other end is gone now.
  private var isAtEnd: Bool {
    var polled = pollfd(fd: socket.number, events: Int16(Self.hasShutDown), revents: 0)
    return poll(&polled, 1, 0) > 0 && Self.isEnd(polled.revents)
  }
}
