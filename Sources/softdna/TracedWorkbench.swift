import Scenarios
import Terminal
import Traces

/// Another workbench, with a trace of what goes over the wire to its tokens: as a host's end has it,
/// so that the same scenario makes the same trace on every channel.
final class TracedWorkbench: Workbench {
  private let workbench: any Workbench
  private let began = ContinuousClock.now
  private let memory: TraceMemory

  init(_ workbench: any Workbench) {
    self.workbench = workbench
    memory = TraceMemory(TraceHeader(channel: workbench.channelName))
  }

  /// What was recorded so far. Secrets are left out of it.
  var trace: Trace { memory.trace }

  var channelName: String { workbench.channelName }
  var options: String { workbench.options }
  var permits: CardUse { workbench.permits }

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    TracedToken(try workbench.manufacture(order, seed: seed, image: image), record)
  }

  func cardThatIsThere() throws -> PresentCard? {
    try workbench.cardThatIsThere().map {
      PresentCard(token: TracedToken($0.token, record), codes: $0.codes)
    }
  }

  /// Takes an entry; a token's own are timed from the moment it was plugged in.
  private func record(_ entry: TraceEntry, since start: ContinuousClock.Instant) {
    var entry = entry
    entry.time += Int((start - began) / .microseconds(1))
    memory.append(entry)
  }
}

/// A token whose wire is recorded.
private struct TracedToken: PluggedToken {
  let channel: any CardChannel
  private let token: any PluggedToken
  private let record: @Sendable (TraceEntry, ContinuousClock.Instant) -> Void

  init(
    _ token: any PluggedToken,
    _ record: @escaping @Sendable (TraceEntry, ContinuousClock.Instant) -> Void
  ) {
    self.token = token
    self.record = record
    let start = ContinuousClock.now
    channel = RecordingChannel(token.channel) { record($0, start) }
  }

  func remove() throws {
    try token.remove()
    tell(.powerOff)
  }

  func insert() throws {
    try token.insert()
    tell(.powerOn(nil))
  }

  /// What the software says goes over a wire of its own; the token comes back reset.
  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    defer { tell(.reset(nil)) }
    return try token.lend(body)
  }

  func press() throws { try token.press() }

  func unplug() {
    token.unplug()
    tell(.powerOff)
  }

  private func tell(_ event: TraceEvent) {
    record(TraceEntry(time: 0, event: event), .now)
  }
}
