import Foundation
import ISO7816
import Terminal

/// A card that keeps its answers back, for tests of those who wait.
struct SlowCard: CardChannel {
  private let card: any CardChannel
  private let everything: Duration
  private let generation: Duration

  /// `generation` comes on top of `everything` for GENERATE ASYMMETRIC KEY PAIR.
  init(_ card: any CardChannel, everything: Duration, generation: Duration) {
    self.card = card
    self.everything = everything
    self.generation = generation
  }

  func powerOn() throws(ChannelError) -> ATR { try card.powerOn() }
  func powerOff() throws(ChannelError) { try card.powerOff() }
  func reset() throws(ChannelError) -> ATR { try card.reset() }

  func answersAtOnce(_ command: Span<UInt8>) -> Bool {
    everything == .zero && card.answersAtOnce(command)
  }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    try card.transmit(command, into: &response)
    // ISO/IEC 7816-8: 46 and 47.
    let isGeneration = command.count > 1 && command[1] & 0xFE == 0x46
    let pause = isGeneration ? everything + generation : everything
    Thread.sleep(forTimeInterval: pause / .seconds(1))
  }
}
