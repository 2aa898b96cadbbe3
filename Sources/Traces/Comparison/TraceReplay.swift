import ISO7816
public import Terminal

/// Sends the commands of a trace to a card once more.
///
/// It does not send what could harm a card that is somebody's: see `Omission`.
public struct TraceReplay: Sendable {
  /// Why a command of the trace was not sent.
  public enum Omission: String, Equatable, Sendable {
    /// It writes to the card, and that was not allowed.
    case wouldWrite = "it would write to the card"
    /// It is not known to leave the card as it is, and changes were not allowed.
    case unknownEffect = "it is not known to only read"
    /// It was refused at the time as a wrong code: it would cost a try.
    case wouldCostTry = "it would cost a try"
    /// Its secret was left out of the trace, and nobody gave it.
    case secretUnknown = "its code was left out of the trace"
    /// It answers a challenge that is another one now.
    case answersOtherChallenge = "it answers another challenge"
  }

  /// Codes for VERIFY whose code was left out, by the reference in P2 (bits 5 to 1): the bytes as
  /// they go over the wire.
  public var codes: [UInt8: [UInt8]]
  /// Commands that write, and codes that were wrong, are sent too.
  public var allowsChanges: Bool

  /// A replay with these codes and permissions.
  public init(codes: [UInt8: [UInt8]] = [:], allowsChanges: Bool = false) {
    self.codes = codes
    self.allowsChanges = allowsChanges
  }

  /// What a replay gave.
  public struct Outcome: Sendable {
    /// The original, without what was not sent.
    public let original: Trace
    /// What the card did now.
    public let replayed: Trace
    /// What was not sent: the entry's number, from 1, and why.
    public let omissions: [(number: Int, reason: Omission)]
  }

  /// Sends what the trace sent, in its order, to a card that is powered first.
  ///
  /// - Throws: where the card cannot be powered or the wire fails before the end.
  public func run(_ trace: Trace, on channel: any CardChannel, channelName: String)
    throws(ChannelError) -> Outcome
  {
    let memory = TraceMemory(TraceHeader(channel: channelName))
    let recording = RecordingChannel(channel) { memory.append($0) }
    var original = Trace(header: trace.header)
    var omissions: [(number: Int, reason: Omission)] = []
    var challenges: (then: [UInt8], now: [UInt8])?
    var redactor = Redactor()
    if !trace.beginsWithPower {
      original.entries.append(TraceEntry(time: 0, event: .powerOn(nil)))
      _ = try recording.powerOn()
    }
    for (index, entry) in trace.entries.enumerated() {
      switch entry.event {
      case .powerOff: try recording.powerOff()
      case .powerOn: _ = try recording.powerOn()
      case .reset: _ = try recording.reset()
      // What had no answer then says nothing about the card.
      case .failure: continue
      case .exchange(let exchange, let redacted):
        let status = Array(exchange.response.suffix(2))
        switch command(exchange.command, redacted, answered: status, challenges) {
        case .failure(let omission):
          omissions.append((index + 1, omission.reason))
          continue
        case .success(let command):
          let answer = try recording.transmit(command)
          if command.count > 1, command[1] == 0x84 {
            challenges = (Array(exchange.response.dropLast(2)), Array(answer.dropLast(2)))
          }
        }
      }
      original.entries.append(entry.redacted(by: &redactor))
    }
    return Outcome(
      original: original.withoutUnknownATR(like: memory.trace), replayed: memory.trace,
      omissions: omissions)
  }

  private struct Omitted: Error {
    let reason: Omission
  }

  /// The command to send now, or why none is sent.
  private func command(
    _ command: [UInt8], _ redacted: Range<Int>?, answered status: [UInt8],
    _ challenges: (then: [UInt8], now: [UInt8])?
  ) -> Result<[UInt8], Omitted> {
    guard command.count >= 4 else {
      return allowsChanges ? .success(command) : .failure(Omitted(reason: .unknownEffect))
    }
    let ins = command[1]
    let isWrongCode = ReplaySafety.spendsTry(command, answered: status)
    if !allowsChanges {
      if isWrongCode { return .failure(Omitted(reason: .wouldCostTry)) }
      switch ReplaySafety.effect(of: command) {
      case .read: break
      case .write: return .failure(Omitted(reason: .wouldWrite))
      case .unknown: return .failure(Omitted(reason: .unknownEffect))
      }
    }
    if ins == 0x82 {
      guard let challenges, challenges.then == challenges.now else {
        return .failure(Omitted(reason: .answersOtherChallenge))
      }
    }
    guard let redacted else { return .success(command) }
    guard ins == 0x20, !isWrongCode, let code = codes[command[3] & 0x1F],
      code.count == redacted.count
    else { return .failure(Omitted(reason: .secretUnknown)) }
    var complete = command
    complete.replaceSubrange(redacted, with: code)
    return .success(complete)
  }
}

extension Trace {
  fileprivate var beginsWithPower: Bool {
    switch entries.first?.event {
    case .powerOn, .reset: true
    default: false
    }
  }

  /// Power-ons whose ATR the source did not tell get the one the card has now: an imported log is
  /// not compared by what it does not know.
  fileprivate func withoutUnknownATR(like other: Trace) -> Trace {
    let atr = other.entries.lazy.compactMap { entry in
      switch entry.event {
      case .powerOn(let atr), .reset(let atr): atr
      default: nil
      }
    }.first
    var copy = self
    for index in copy.entries.indices {
      switch copy.entries[index].event {
      case .powerOn(nil): copy.entries[index].event = .powerOn(atr)
      case .reset(nil): copy.entries[index].event = .reset(atr)
      default: break
      }
    }
    return copy
  }
}

extension TraceEntry {
  /// The entry without its secrets, of which some may have been left out before.
  func redacted(by redactor: inout Redactor) -> TraceEntry {
    var copy = self
    switch event {
    case .powerOn, .reset, .powerOff: break
    case .exchange(let exchange, let before):
      let (command, range) = redactor.redact(exchange.command)
      copy.event = .exchange(
        Exchange(command: command, response: exchange.response), redacted: Self.both(before, range))
    case .failure(let command, let before, let reason):
      let (told, range) = redactor.redact(command)
      copy.event = .failure(command: told, redacted: Self.both(before, range), reason: reason)
    }
    return copy
  }

  private static func both(_ first: Range<Int>?, _ second: Range<Int>?) -> Range<Int>? {
    guard let first, let second else { return first ?? second }
    return min(first.lowerBound, second.lowerBound)..<max(first.upperBound, second.upperBound)
  }
}
