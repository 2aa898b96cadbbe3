import ISO7816
import Synchronization
import Terminal
import Testing

@Suite("A channel with faults") struct FaultyChannelTests {
  /// Answers each command with its INS and `9000`, and counts.
  private final class Echo: CardChannel {
    let commands = Mutex<[UInt8]>([])

    func powerOn() throws(ChannelError) -> ATR { ATR([0x3B, 0x00]) }
    func powerOff() throws(ChannelError) {}
    func reset() throws(ChannelError) -> ATR { ATR([0x3B, 0x00]) }

    func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
      let ins = command[1]
      commands.withLock { $0.append(ins) }
      response = [ins, 0x90, 0x00]
    }
  }

  private let card = Echo()
  private let channel: FaultyChannel

  init() { channel = FaultyChannel(card) }

  private func answers(_ instructions: UInt8...) throws -> [String] {
    try instructions.map { Hex.text(try channel.transmit([0, $0, 0, 0])) }
  }

  @Test("passes everything on where there is none")
  func none() throws {
    #expect(try answers(0x20, 0x84) == ["209000", "849000"])
    #expect(channel.faults.isEmpty)
  }

  @Test("answers a status word once, and the card does not get the command")
  func answer() throws {
    #expect(channel.add(Fault(.answer(StatusWord(0x6F00)))) == 1)
    #expect(try answers(0x20, 0x20) == ["6F00", "209000"])
    #expect(card.commands.withLock { $0 } == [0x20])
    #expect(channel.faults.isEmpty)
  }

  @Test("has the card carry out what is not answered")
  func executed() throws {
    _ = channel.add(Fault(.answer(.memoryFailure), isExecuted: true))
    #expect(try answers(0x20) == ["6581"])
    #expect(card.commands.withLock { $0 } == [0x20])
  }

  @Test("counts the commands of an INS, from the nth on, so many times")
  func counting() throws {
    _ = channel.add(Fault(.answer(.memoryFailure), ins: 0x2A, nth: 2, times: 2))
    #expect(
      try answers(0x2A, 0x20, 0x2A, 0x20, 0x2A, 0x2A)
        == ["2A9000", "209000", "6581", "209000", "6581", "2A9000"])
  }

  @Test("goes on until it is cleared")
  func always() throws {
    let number = channel.add(Fault(.answer(.memoryFailure), times: nil))
    #expect(try answers(0x20, 0x84, 0x20) == ["6581", "6581", "6581"])
    #expect(channel.faults.map(\.happened) == [3])
    #expect(channel.clear(number: number + 1) == 0)
    #expect(channel.clear(number: number) == 1)
    #expect(try answers(0x20) == ["209000"])
  }

  @Test("lets the oldest of several happen, and the next command have the next")
  func several() throws {
    _ = channel.add(Fault(.answer(.memoryFailure)))
    _ = channel.add(Fault(.answer(.wrongLength), ins: 0x20))
    #expect(try answers(0x20, 0x84, 0x20, 0x20) == ["6581", "849000", "6700", "209000"])
  }

  @Test("damages the answer: inverted, other bytes, cut short")
  func damage() throws {
    for effect: Fault.Effect in [.garbage(nil), .garbage([1, 2]), .truncate(1), .truncate(9)] {
      _ = channel.add(Fault(effect))
    }
    _ = channel.add(Fault(.truncate(0)))
    #expect(
      try answers(0x20, 0x20, 0x20, 0x20, 0x20) == ["DF6FFF", "0102", "20", "209000", ""])
    #expect(card.commands.withLock { $0.count } == 5)
  }

  @Test("adds delays up, beside another fault")
  func delays() throws {
    _ = channel.add(Fault(.delay(milliseconds: 40)))
    _ = channel.add(Fault(.delay(milliseconds: 30)))
    _ = channel.add(Fault(.answer(.memoryFailure)))
    let began = ContinuousClock.now
    #expect(try answers(0x20) == ["6581"])
    #expect(ContinuousClock.now - began >= .milliseconds(70))
    #expect(channel.faults.isEmpty)
  }

  @Test("takes the card out in the middle of a command, before or after it was carried out")
  func drop() throws {
    let removals = Mutex(0)
    channel.onDrop { removals.withLock { $0 += 1 } }
    _ = channel.add(Fault(.drop))
    _ = channel.add(Fault(.drop, isExecuted: true))
    for carriedOut in 0...1 {
      let error = #expect(throws: ChannelError.self) { try channel.transmit([0, 0x20, 0, 0]) }
      #expect(error?.kind == .noCard)
      #expect(removals.withLock { $0 } == carriedOut + 1)
      #expect(card.commands.withLock { $0.count } == carriedOut)
    }
  }
}
