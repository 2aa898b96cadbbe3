import Authority
import Foundation
import HostProcesses
import Issuance
import Terminal
import TokenHost
import VirtualReader

/// What the rows share: a directory, a token that was issued for the run, and a PC/SC world with the
/// token in one slot and the C card in the other. Each is made when the first row asks for it.
final class BenchmarkSite {
  /// Rows take a hundredth of the samples.
  let isQuick: Bool

  private let directory: ThrowawayFolder
  private var issue: (token: IssuedToken, state: StateDirectory)?
  private var shared: PCSCPair?
  private var authority: StatusBenchmark?
  #if BLE
    private var onAir: AirBenchmark?
  #endif

  init(isQuick: Bool) throws {
    self.isQuick = isQuick
    directory = try failing { try ThrowawayFolder() }
  }

  /// How many samples, rounds or things: fewer in a quick run.
  func amount(_ full: Int, quick: Int) -> Int { isQuick ? quick : full }

  /// A path in the run's directory where there is nothing yet.
  func newPath() -> String { directory.path + "/" + UUID().uuidString }

  /// The token of this run and where it is.
  func issued() throws -> (token: IssuedToken, state: StateDirectory) {
    if let issue { return issue }
    let state = StateDirectory(path: newPath())
    let made = (token: try TokenIssue.benchmarked(in: state, seed: 1).run { _ in }, state: state)
    issue = made
    return made
  }

  /// A copy of the run's token in memory, powered, its CNS PIN verified and its CNS key chosen.
  func tokenInMemory() throws -> Slot { try ready(issued().state.openToken(isVolatile: true)) }

  /// The run's token on its image file, in the same state. One at a time.
  func tokenOnDisk() throws -> Slot { try ready(issued().state.openToken()) }

  private func ready<Card: CardChannel>(_ card: Card) throws -> Card {
    _ = try card.powerOn()
    let session = CardSession(card)
    try session.select([0x1100, 0x1101])
    try session.verify(KeySlot.authentication.pin, issued().token.scratchCard.pinCNS)
    _ = try session.signBlock([1, 2, 3], key: KeySlot.authentication.key)
    return card
  }

  /// The token and the C card in the two slots of one reader of one pcscd.
  func pcsc() throws -> PCSCPair {
    if let shared { return shared }
    let pair = try PCSCPair(
      card: issued().state.openToken(isVolatile: true), floorCard: floorCard())
    _ = try ready(pair.token)
    shared = pair
    return pair
  }

  /// An authority with 1,000 devices and a long list, measured while it was filled.
  func status() throws -> StatusBenchmark {
    if let authority { return authority }
    let measured = try failing {
      try StatusBenchmark.run(
        directory: newPath(), devices: amount(1000, quick: 10),
        entries: amount(100_000, quick: 1000), answers: amount(2000, quick: 20))
    }
    authority = measured
    return measured
  }

  #if BLE
    /// A token on the air, measured once for all rows.
    func air() throws -> AirBenchmark {
      if let onAir { return onAir }
      let programs = URL(fileURLWithPath: try companion("softdna-floor-radio"))
        .deletingLastPathComponent().path
      let measured = try AirBenchmark(programs: programs, rounds: amount(400, quick: 20))
      onAir = measured
      return measured
    }
  #endif

  func floorCard() throws -> String { try companion("softdna-floor-card") }
  func allocationCounter() throws -> String { try companion("softdna-allocation-count") }

  /// A program that is built beside this one.
  private func companion(_ name: String) throws -> String {
    let path = URL(fileURLWithPath: Bundle.main.executablePath ?? ProcessArguments.all[0])
      .deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure("\(path) is missing; build it: swift build -c release")
    }
    return path
  }

  /// Takes everything away.
  func close() {
    shared?.world.stop()
    directory.remove()
  }
}

extension TokenIssue {
  /// The issue every row means.
  static func benchmarked(in directory: StateDirectory, seed: UInt64?) -> TokenIssue {
    TokenIssue(
      directory: directory, holder: .fictitious, chip: .current, kind: .token, seed: seed,
      clock: .real)
  }
}
