import Scenarios
import Synchronization
import Terminal
import TokenHost

/// Tokens in memory whose every command is tried with the power cut at each of its writes.
final class TearWorkbench: Workbench {
  let channelName = "direct"
  private let tokens = Mutex<[TearingSlot]>([])

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    let slot = TearingSlot(try Slot.manufactured(order, seed: seed, image: nil), seed: seed)
    tokens.withLock { $0.append(slot) }
    return DirectToken(slot) { slot.pressButtonWhenAsked() }
  }

  /// What the cuts of all tokens have shown.
  var report: TearingReport {
    tokens.withLock { tokens in
      tokens.reduce(into: TearingReport()) { $0.add($1.report) }
    }
  }
}
