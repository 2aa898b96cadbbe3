import Glibc
import ISO7816
import Synchronization
import Terminal
import Testing

@testable import VirtualReader

/// A card that another interface is using for a while.
private final class BusyCard: CardChannel {
  private let card = TestCard()
  private let refusals = Mutex(0)

  /// The next so many power-ons are refused.
  func refuse(_ count: Int) { refusals.withLock { $0 = count } }

  func powerOn() throws(ChannelError) -> ATR {
    let isBusy = refusals.withLock { refusals in
      refusals -= 1
      return refusals >= 0
    }
    guard !isBusy else {
      throw ChannelError(.busy, attempt: "power the card", reason: "it is in use elsewhere")
    }
    return try card.powerOn()
  }

  func powerOff() throws(ChannelError) { try card.powerOff() }
  func reset() throws(ChannelError) -> ATR { try powerOn() }
  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    try card.transmit(command, into: &response)
  }
}

@Suite("A card that is in use elsewhere", .timeLimit(.minutes(1))) struct BusyCardTests {
  @Test func `It stays in the reader, answers 6F00, and works again when it is free`() throws {
    let card = BusyCard()
    var ends: [Int32] = [0, 0]
    try #require(socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &ends) == 0)
    var service = try VPCDService(card)
    card.refuse(2)
    let challenge: [UInt8] = [0x00, 0x84, 0x00, 0x00, 0x08]
    // Power on, ATR, and the same command twice.
    let frames = [0, 1, 1, 0, 1, 4, 0, 5] + challenge + [0, 5] + challenge
    #expect(write(ends[1], frames, frames.count) == frames.count)
    shutdown(ends[1], Int32(SHUT_WR))
    let socket = TCPSocket(connected: ends[0])
    try service.serve(over: socket) {}
    var answers = [UInt8](repeating: 0, count: 100)
    let count = read(ends[1], &answers, answers.count)
    close(ends[1])
    let atr = TestCard.atr.bytes
    #expect(
      Array(answers.prefix(count)) == [0, UInt8(atr.count)] + atr + [0, 2, 0x6F, 0x00]
        + [0, 10, 1, 2, 3, 4, 5, 6, 7, 8, 0x90, 0x00])
  }
}
