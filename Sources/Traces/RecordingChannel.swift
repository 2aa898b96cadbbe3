public import ISO7816
import Synchronization
public import Terminal

/// A channel that tells what goes over another one. Neither side notices.
public final class RecordingChannel: CardChannel {
  private let channel: any CardChannel
  private let sink: @Sendable (TraceEntry) -> Void
  private let withSecrets: Bool
  private let start: ContinuousClock.Instant
  private let redactor = Mutex(Redactor())

  /// Records `channel`.
  ///
  /// - Parameters:
  ///   - withSecrets: PINs and keys are written as they are.
  ///   - sink: told of every entry, in order, before the caller gets its answer.
  public init(
    _ channel: any CardChannel, withSecrets: Bool = false,
    to sink: @escaping @Sendable (TraceEntry) -> Void
  ) {
    self.channel = channel
    self.withSecrets = withSecrets
    self.sink = sink
    start = .now
  }

  /// Applies power. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR {
    try recordingATR({ .powerOn($0) }) { () throws(ChannelError) in try channel.powerOn() }
  }

  /// Warm reset. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR {
    try recordingATR({ .reset($0) }) { () throws(ChannelError) in try channel.reset() }
  }

  /// Takes power away. See `CardChannel`.
  public func powerOff() throws(ChannelError) {
    let began = ContinuousClock.now
    try channel.powerOff()
    record(.powerOff, began)
  }

  /// As the card. See `CardChannel`.
  public func answersAtOnce(_ command: Span<UInt8>) -> Bool { channel.answersAtOnce(command) }

  /// One command APDU and its answer. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    let began = ContinuousClock.now
    var bytes: [UInt8] = []
    bytes.reserveCapacity(command.count)
    for index in command.indices { bytes.append(command[index]) }
    let (written, redacted) =
      withSecrets ? (bytes, nil) : redactor.withLock { $0.redact(bytes) }
    do throws(ChannelError) {
      try channel.transmit(command, into: &response)
    } catch {
      record(.failure(command: written, redacted: redacted, reason: "\(error)"), began)
      throw error
    }
    record(.exchange(Exchange(command: written, response: response), redacted: redacted), began)
  }

  private func recordingATR(
    _ event: (ATR) -> TraceEvent, _ body: () throws(ChannelError) -> ATR
  ) throws(ChannelError) -> ATR {
    let began = ContinuousClock.now
    let atr: ATR
    do throws(ChannelError) { atr = try body() } catch {
      record(.failure(command: [], redacted: nil, reason: "\(error)"), began)
      throw error
    }
    record(event(atr), began)
    return atr
  }

  private func record(_ event: TraceEvent, _ began: ContinuousClock.Instant) {
    sink(
      TraceEntry(
        time: (began - start).microseconds,
        duration: (ContinuousClock.now - began).microseconds, event: event))
  }
}

extension Duration {
  /// Whole microseconds.
  var microseconds: Int {
    let (seconds, attoseconds) = components
    return Int(seconds) * 1_000_000 + Int(attoseconds / 1_000_000_000_000)
  }
}

/// A trace kept in memory as it grows.
public final class TraceMemory: Sendable {
  private let state: Mutex<Trace>

  /// An empty trace with this header.
  public init(_ header: TraceHeader) { state = Mutex(Trace(header: header)) }

  /// What was recorded so far.
  public var trace: Trace { state.withLock { $0 } }

  /// Takes one entry more.
  public func append(_ entry: TraceEntry) { state.withLock { $0.entries.append(entry) } }
}
