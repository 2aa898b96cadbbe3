import Synchronization

/// What a loss of power leaves of the write it interrupts.
public enum PowerCut: String, CaseIterable, Sendable {
  /// The write never began.
  case notStarted = "not-started"
  /// Some of the cells that should have changed did.
  case torn
  /// The write was complete; nobody was told.
  case completed
  /// The writes since the last barrier were on their way in any order, as a disk takes them: some
  /// arrived, some did not.
  case reordered
}

/// The power of one token in memory: it can be cut at any write to non-volatile memory.
public final class PowerSupply: Sendable {
  private struct State {
    var writes = 0
    var cutAt: Int?
    var kind = PowerCut.notStarted
    var isCut = false
    var noise: UInt64 = 0
  }
  private let state = Mutex(State())

  /// Power that lasts.
  public init() {}

  /// Writes (units programmed, pages erased) so far.
  public var writes: Int { state.withLock { $0.writes } }
  /// There is no power.
  public var isCut: Bool { state.withLock { $0.isCut } }

  /// Cuts the power at a write: 1 is the next one.
  ///
  /// - Parameter noise: decides which cells of a torn write change.
  public func cut(atWrite number: Int, _ kind: PowerCut, noise: UInt64) {
    state.withLock {
      $0.cutAt = $0.writes + number
      $0.kind = kind
      $0.noise = noise
    }
  }

  /// Gives power again; a cut that has not come yet is called off.
  public func restore() {
    state.withLock {
      $0.isCut = false
      $0.cutAt = nil
    }
  }

  /// Asked before each write: how much of it happens. Nil where there is power for all of it.
  func nextWrite() -> (kind: PowerCut, noise: UInt64)? {
    state.withLock { state in
      if state.isCut { return (.notStarted, 0) }
      state.writes += 1
      guard state.writes == state.cutAt else { return nil }
      state.isCut = true
      return (state.kind, state.noise)
    }
  }
}

/// A reproducible stream of bits that look random: splitmix64.
struct Noise {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }
}
