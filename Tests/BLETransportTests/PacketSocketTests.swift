import Glibc
import Testing

@testable import BLETransport

/// Two ends of a real socket, one of them in a loop on the test's thread.
private final class Ends {
  let loop = EventLoop()
  var other: Descriptor?
  private(set) var received: [[UInt8]] = []
  private(set) var closings = 0
  /// Called with each packet.
  var react: () -> Void = {}
  private var socket: PacketSocket?

  init() throws {
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_SEQPACKET.rawValue), 0, &ends) == 0)
    other = Descriptor(owning: ends[1])
    socket = PacketSocket(
      Descriptor(owning: ends[0]), maximumLength: 16,
      received: { [unowned self] packet in
        received.append(packet)
        react()
      },
      closed: { [unowned self] in
        closings += 1
        leave()
      })
    if let socket { loop.add(socket) }
  }

  func leave() { socket?.leave(loop) }
  func ready(_ event: Int32) { socket?.ready(Int16(event)) }
  func answer(_ packet: [UInt8]) { socket?.send(packet) }

  func say(_ packet: [UInt8]) throws {
    let number = try #require(other?.number)
    #expect(send(number, packet, packet.count, 0) == packet.count)
  }

  /// Turns the loop as long as something happens, and a little longer.
  func settle() {
    var isOver = false
    loop.after(.milliseconds(50)) { isOver = true }
    loop.run { !isOver }
  }
}

@Suite("Sockets with packets", .timeLimit(.minutes(1))) struct PacketSocketTests {
  @Test func `An empty packet is a packet, not the end`() throws {
    let ends = try Ends()
    try ends.say([])
    try ends.say([1])
    ends.settle()
    #expect(ends.received == [[], [1]])
    #expect(ends.closings == 0)
  }

  @Test func `What came before the end is received, and the end is told once`() throws {
    let ends = try Ends()
    for byte: UInt8 in 1...3 { try ends.say([byte]) }
    ends.other = nil
    ends.settle()
    #expect(ends.received == [[1], [2], [3]])
    #expect(ends.closings == 1)
  }

  @Test func `An other end that only stops sending has ended`() throws {
    let ends = try Ends()
    shutdown(try #require(ends.other?.number), Int32(SHUT_WR))
    ends.settle()
    #expect(ends.closings == 1)
  }

  /// What the kernel does with an L2CAP channel whose other end gives too many credits: it polls as
  /// hung up for ever, and reading answers EAGAIN.
  @Test(arguments: [POLLHUP, POLLERR, POLLNVAL])
  func `Hanging up and failing are the end, whatever reading says`(event: Int32) throws {
    let ends = try Ends()
    ends.ready(event)
    #expect(ends.closings == 1)
    ends.ready(event)
    #expect(ends.closings == 1, "once")
  }

  @Test func `Who leaves in the middle of a packet hears nothing more`() throws {
    let ends = try Ends()
    ends.react = { [unowned ends] in ends.leave() }
    try ends.say([1])
    try ends.say([2])
    ends.other = nil
    ends.settle()
    #expect(ends.received == [[1]])
    #expect(ends.closings == 0)
  }

  @Test func `An other end that takes nothing is given up before memory is`() throws {
    let ends = try Ends()
    let packet = [UInt8](repeating: 0, count: 60_000)
    for _ in 0..<200 { ends.answer(packet) }
    #expect(ends.closings == 0, "not told to who is sending")
    ends.settle()
    #expect(ends.closings == 1)
  }
}
