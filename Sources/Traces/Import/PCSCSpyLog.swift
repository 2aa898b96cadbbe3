import ISO7816

/// What `pcsc-spy` prints, with or without colours:
///
///     SCardTransmit
///      i bSendLength 0x0000000C (12)
///      i bSendBuffer
///      i  0000 00 A4 04 00 07 62 76 01 FF 00 00 00             .....bv.....
///      o bRecvBuffer
///      o  0000 6A 82                                           j.
///      => Command successful. (SCARD_S_SUCCESS [0x00000000])  [0.000175]
///
/// Each thread's calls are indented by four blanks more than those of the thread before it; `-t`
/// names it too: ` (t1) `.
struct PCSCSpyLog: LogParser {
  private(set) var clock = LogClock()
  private var calls: [UInt64: PCSCSpyCall] = [:]
  /// What was connected to, by the handle.
  private var connections: [UInt64: Connection] = [:]

  private struct Connection {
    let card: UInt64
    let reader: String
  }

  private static let limit = 1024

  mutating func read(_ line: LogLine, into log: inout ImportCollector) {
    var width = 0
    var index = line.start
    func skipBlanks() {
      while index < line.bytes.count, line.bytes[index] == 0x20 || line.bytes[index] == 0x09 {
        width += line.bytes[index] == 0x09 ? 4 : 1
        index += 1
      }
    }
    skipBlanks()
    // A mail program may have put one blank less in front, and details have one more.
    var thread = (width + 1) / 4
    if line.has("(t", at: index), let (number, end) = line.number(at: index + 2),
      line.has(")", at: end)
    {
      thread = number
      index = end + 1
      skipBlanks()
    }
    let key = LogHash.of(thread, line.writer)
    if line.has("SCar", at: index) {
      guard line.bytes[index...].allSatisfy(Self.isLetterOrDigit) else { return }
      if calls.count >= Self.limit { calls = [:] }
      calls[key] = PCSCSpyCall(line.name(index..<line.bytes.count), at: clock.time)
    } else if line.has("=> ", at: index) {
      if let call = calls.removeValue(forKey: key) { finish(call, key, line, index, &log) }
    } else if line.has("i ", at: index) || line.has("o ", at: index) {
      calls[key]?.read(line, from: index + 2, isOutput: line.bytes[index] == 0x6F)
    }
  }

  mutating func end(_ log: inout ImportCollector) {
    // A command whose call never returned.
    for key in calls.keys.sorted() {
      guard let call = calls[key], call.name == "SCardTransmit" else { continue }
      log.send(call.command, on: wire(call, key), at: call.began)
    }
  }

  private static func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
  }

  private func wire(_ call: PCSCSpyCall, _ thread: UInt64) -> ImportCollector.Wire {
    let connection = connections[call.handle]
    return ImportCollector.Wire(
      client: thread, card: connection?.card ?? call.handle, reader: connection?.reader)
  }

  private mutating func finish(
    _ call: PCSCSpyCall, _ thread: UInt64, _ line: LogLine, _ start: Int,
    _ log: inout ImportCollector
  ) {
    let isGood = line.contains("SCARD_S_SUCCESS", from: start)
    let duration = Self.duration(line, start)
    let end = min(call.began + (duration ?? 0), TraceLine.latestTime)
    clock.reach(end)
    let wire = wire(call, thread)
    for (reader, atr) in call.atrs {
      log.learn(atr, of: reader.map(Self.card) ?? wire.card)
    }
    switch call.name {
    case "SCardTransmit":
      log.send(call.command, on: wire, at: call.began)
      if isGood, !call.answer.isEmpty {
        log.receive(call.answer, client: thread, at: end)
      } else {
        log.lose(client: thread, Self.reason(line, start))
      }
    case "SCardConnect" where isGood:
      guard let reader = call.reader else { return }
      if connections.count >= Self.limit { connections = [:] }
      connections[call.newHandle] = Connection(card: Self.card(reader), reader: reader)
      if !call.isDirect {
        log.powerChanged(.powerOn(nil), of: Self.card(reader), at: call.began, duration)
      }
    case "SCardReconnect" where isGood && call.resets,
      "SCardEndTransaction" where isGood && call.resets:
      log.powerChanged(.reset(nil), of: wire.card, at: call.began, duration)
    case "SCardDisconnect" where isGood && call.resets:
      log.powerChanged(.powerOff, of: wire.card, at: call.began, duration)
    default: break
    }
  }

  private static func card(_ reader: String) -> UInt64 { LogHash.of(Array(reader.utf8)[...]) }

  /// The seconds in brackets at the line's end, as microseconds; nil where they cannot be.
  private static func duration(_ line: LogLine, _ start: Int) -> Int? {
    guard line.bytes.last == 0x5D, let open = line.bytes[start...].lastIndex(of: 0x5B) else {
      return nil
    }
    return LogStamp(secondsOf: line.bytes[open + 1..<line.bytes.count - 1])?.microseconds
  }

  /// The name of PC/SC's error. The rest of the line may be anything.
  private static func reason(_ line: LogLine, _ start: Int) -> String {
    guard let text = line.position(behind: "SCARD_", from: start) else { return "the call failed" }
    let end = line.bytes[text...].firstIndex { !isLetterOrDigit($0) && $0 != 0x5F }
    return line.name(text - 6..<(end ?? line.bytes.count))
  }
}
