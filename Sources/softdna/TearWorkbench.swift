import Scenarios
import Synchronization
import Terminal
import TokenHost

/// Tokens in memory whose every command is tried with the power cut at each of its writes.
final class TearWorkbench: Workbench {
  let channelName = "direct"
  private let tokens = Mutex<[TearingSlot]>([])

  func manufacture(_ order: ChipOrder, seed: UInt64) throws -> any PluggedToken {
    let slot = TearingSlot(Slot(order, seed: seed), seed: seed)
    tokens.withLock { $0.append(slot) }
    return TearingToken(slot: slot)
  }

  /// What the cuts of all tokens have shown.
  var report: TearingReport {
    tokens.withLock { tokens in
      tokens.reduce(into: TearingReport()) { $0.add($1.report) }
    }
  }
}

/// A token in memory under power cuts: out of the reader means without power.
private struct TearingToken: PluggedToken {
  let slot: TearingSlot
  var channel: any CardChannel { slot }
  func remove() { slot.powerOff() }
  func insert() throws { _ = try slot.powerOn() }
  func unplug() { slot.powerOff() }
}
