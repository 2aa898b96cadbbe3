public import Terminal

/// How long a command takes from a program to the card and back, through stock pcscd and vpcd,
/// beside a card that does nothing.
///
/// Both cards are in the two slots of one reader of one pcscd, and are asked in turns: what the
/// machine does meanwhile, it does to both.
public struct RoundTripBenchmark: Equatable, Sendable {
  /// The times of one card's round trips.
  public struct Times: Equatable, Sendable {
    /// Half of the round trips took less.
    public let median: Duration
    /// One in a hundred took more.
    public let percentile99: Duration

    init(sorting samples: [Duration]) {
      let samples = samples.sorted()
      median = samples[samples.count / 2]
      percentile99 = samples[samples.count * 99 / 100]
    }
  }

  /// The card that was measured.
  public let card: Times
  /// The card that does nothing: what the wire alone takes.
  public let floor: Times

  /// The card's median in floor medians.
  public var ratio: Double { card.median / floor.median }

  /// Measures `rounds` GET CHALLENGE of eight bytes (ISO/IEC 7816-4, 11.5.3) with each card.
  ///
  /// - Parameters:
  ///   - card: The card to measure.
  ///   - floorCard: The path of the `softdna-floor-card` program.
  ///   - rounds: How many round trips with each card; at least 100.
  ///   - blocks: How many times the cards take turns.
  /// - Throws: where the world, the floor card or a round trip fails.
  public static func run(
    card: any CardChannel, floorCard: String, rounds: Int = 20_000, blocks: Int = 20,
    configuration: PrivateWorld.Configuration = PrivateWorld.Configuration()
  ) throws(VirtualReaderError) -> RoundTripBenchmark {
    let world = try PrivateWorld.start(card: card, configuration: configuration)
    defer { world.stop() }
    let floor = try startFloorCard(floorCard, port: world.secondPort)
    // It ends by itself when the world takes the connection away.
    defer { floor.wait(killingAfter: .seconds(2)) }
    defer { world.stop() }
    do throws(ChannelError) {
      let isPresent = try world.service.wait(
        for: .present, in: world.secondReaderName, timeout: configuration.timeout)
      guard isPresent else {
        throw ChannelError(
          .noCard, attempt: "plug in the floor card", reason: "the reader does not show it")
      }
      return try measure(
        card: PCSCReader.connect(to: world.readerName, service: world.service),
        floor: PCSCReader.connect(to: world.secondReaderName, service: world.service),
        rounds: max(rounds, 100), blocks: max(blocks, 1))
    } catch {
      throw VirtualReaderError(
        "measure round trips", reason: error.description, code: error.code)
    }
  }

  private static func startFloorCard(
    _ path: String, port: UInt16
  ) throws(VirtualReaderError) -> ChildProcess {
    let launch = ChildProcess.Launch(arguments: [path, "127.0.0.1", String(port)], environment: [])
    switch ChildProcess.start(launch) {
    case .success(let child): return child
    case .failure(let failure):
      throw VirtualReaderError(
        "start the floor card \(path)", errno: failure.code,
        advice: "Build it: swift build --product softdna-floor-card")
    }
  }

  private static func measure(
    card: PCSCReader, floor: PCSCReader, rounds: Int, blocks: Int
  ) throws(ChannelError) -> RoundTripBenchmark {
    var cardSamples: [Duration] = []
    var floorSamples: [Duration] = []
    cardSamples.reserveCapacity(rounds + blocks)
    floorSamples.reserveCapacity(rounds + blocks)
    // Not counted: the first commands fill caches and grow buffers.
    var unused: [Duration] = []
    try ask(card, times: 200, adding: &unused)
    try ask(floor, times: 200, adding: &unused)
    let size = (rounds + blocks - 1) / blocks
    for _ in 0..<blocks {
      try ask(card, times: size, adding: &cardSamples)
      try ask(floor, times: size, adding: &floorSamples)
    }
    return RoundTripBenchmark(
      card: Times(sorting: cardSamples), floor: Times(sorting: floorSamples))
  }

  private static func ask(
    _ reader: PCSCReader, times: Int, adding samples: inout [Duration]
  ) throws(ChannelError) {
    let getChallenge: [UInt8] = [0x00, 0x84, 0x00, 0x00, 0x08]
    var response: [UInt8] = []
    for _ in 0..<times {
      let start = ContinuousClock.now
      try reader.transmit(getChallenge.span, into: &response)
      samples.append(start.duration(to: .now))
      guard response.count == 10, response[8] == 0x90, response[9] == 0x00 else {
        throw ChannelError(
          .malformedResponse, attempt: "get a challenge from \(reader.name)",
          reason: "the card did not answer eight bytes and 9000")
      }
    }
  }
}
