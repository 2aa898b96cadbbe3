import ArgumentParser
import BLETransport
import Foundation
import ISO7816
import Synchronization
import Terminal

/// `softdna ble measure`.
struct BLEMeasureCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "measure",
    abstract: "Measure round trips and bytes to a token this machine is paired with.",
    discussion: """
      Prints one JSON object. The token is asked for eight random bytes, --rounds times, and then \
      for the 2,048 bytes of a file, half as often; each for a second at least. For \
      ble/testbed/bench.
      """,
    shouldDisplay: false)

  @OptionGroup var adapter: AdapterOption
  @Flag(help: "Use GATT alone, even where the token offers an L2CAP channel.") var gatt = false
  @Option(help: "Round trips.") var rounds = 200

  func run() throws {
    guard rounds >= 10 else { throw Failure("--rounds takes 10 or more") }
    let bridge = Bridge(Bridge.Configuration(adapter: adapter.name, forcesGATT: gatt))
    let connected = DispatchSemaphore(value: 0)
    let hasEnded = DispatchSemaphore(value: 0)
    let failure = Mutex<String?>(nil)
    Thread.detachNewThread {
      bridge.run { event in
        switch event {
        case .connected: connected.signal()
        case .ended(let reason):
          failure.withLock { $0 = reason }
          connected.signal()
        default: Console.note("softdna: \(event)")
        }
      }
      hasEnded.signal()
    }
    defer {
      bridge.stop()
      // A link that outlived this process would be nobody's.
      hasEnded.wait()
    }
    connected.wait()
    if let reason = failure.withLock({ $0 }) { throw Failure(reason) }
    let figures = try failing { () throws(ChannelError) in
      try AirFigures(measuring: bridge, rounds: rounds)
    }
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    Console.print(String(decoding: try encoder.encode(figures), as: UTF8.self))
  }
}

/// What a link to a token makes possible.
struct AirFigures: Codable {
  /// Commands with an answer of ten bytes.
  let roundTripsPerSecond: Double
  /// Of the data in answers of 2,050 bytes.
  let bytesPerSecond: Double

  /// Rates over less time than this are chance.
  private static let shortest = Duration.seconds(1)
  private static let challenge: [UInt8] = [0x00, 0x84, 0x00, 0x00, 0x08]
  /// EF_C_Carta, which every token has, by its path.
  private static let select: [UInt8] = [
    0x00, 0xA4, 0x08, 0x0C, 0x04, 0x11, 0x00, 0x11, 0x01,
  ]
  private static let fileSize = 2048
  private static let read: [UInt8] = [0x00, 0xB0, 0x00, 0x00, 0x00, 0x08, 0x00]

  /// Measures a card.
  ///
  /// - Throws: where it does not answer as it should.
  init(measuring card: any CardChannel, rounds: Int) throws(ChannelError) {
    _ = try card.powerOn()
    func ask(_ command: [UInt8], length: Int) throws(ChannelError) {
      let response = try card.transmit(command)
      guard response.count == length + 2, response.suffix(2) == [0x90, 0x00] else {
        throw ChannelError(
          .malformedResponse, attempt: "measure \(Hex.text(command))",
          reason: "\(response.count) bytes, not \(length + 2) that end with 9000")
      }
    }
    func rate(
      _ least: Int, _ body: () throws(ChannelError) -> Void
    ) throws(ChannelError) -> Double {
      let began = ContinuousClock.now
      var (count, elapsed) = (0, Duration.zero)
      while count < least || elapsed < Self.shortest {
        try body()
        count += 1
        elapsed = began.duration(to: .now)
      }
      return Double(count) / (elapsed / .seconds(1))
    }
    try ask(Self.select, length: 0)
    // The first ones find cold caches, and an emulated processor that has yet to translate the code.
    _ = try rate(5) { () throws(ChannelError) in try ask(Self.challenge, length: 8) }
    roundTripsPerSecond = try rate(rounds) { () throws(ChannelError) in
      try ask(Self.challenge, length: 8)
    }
    bytesPerSecond =
      try Double(Self.fileSize)
      * rate(rounds / 2) { () throws(ChannelError) in try ask(Self.read, length: Self.fileSize) }
    try card.powerOff()
  }
}
