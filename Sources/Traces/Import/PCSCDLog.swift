import ISO7816

/// What `pcscd --apdu` writes, 1.8 to 2.x:
///
///     03018705 [139000000000001] APDU: 00 A4 08 00 04 10 00 10 03 00
///     00000172 [139000000000001] SW: 6F 1E 80 02 00 10 … 90 00
///
/// The number is microseconds since the line before; the thread is told by newer versions, one for
/// each client. With `--debug` there are many other lines, and the readers' names and ATRs.
struct PCSCDLog: LogParser {
  private(set) var clock = LogClock()
  private var hasNumbers = false
  /// Names of the readers that clients have connected to and that cards were inserted into.
  private var readers: [UInt64: String] = [:]
  /// Readers' numbers in pcscd, by client, and their names.
  private var units: [UInt64: Int] = [:]
  private var unitNames: [Int: String] = [:]
  /// The last bytes: the next line may go on with them.
  private var last: (kind: Kind, client: UInt64, bytes: LoggedBytes, time: Int)?

  private enum Kind {
    case command
    case answer
  }

  private static let limit = 1024

  mutating func read(_ line: LogLine, into log: inout ImportCollector) {
    var start = line.skippingBlanks(from: line.start)
    var client = line.writer
    let number = line.number(at: start).flatMap { $0.end - start >= 8 ? $0 : nil }
    if let (passed, end) = number {
      // The first number counts from the daemon's start.
      if hasNumbers { clock.pass(passed) }
      hasNumbers = true
      start = line.skippingBlanks(from: end)
    } else if line.number(at: start) == nil, goesOn(line, from: start) {
      return
    } else if let stamp = line.stamp, !hasNumbers {
      clock.read(stamp)
    }
    if start < line.bytes.count, line.bytes[start] == 0x5B,
      let close = line.bytes[start...].firstIndex(of: 0x5D)
    {
      client = LogHash.of(line.bytes[start...close], client)
      start = close + 1
    }
    if let text = Self.position(behind: "APDU: ", line, start) {
      flush(&log)
      remember(.command, client, line, text)
    } else if let text = Self.position(behind: "SW: ", line, start) {
      flush(&log)
      remember(.answer, client, line, text)
    } else if let text = line.position(behind: "Card ATR: ", from: start) {
      flush(&log)
      var atr = LoggedBytes()
      _ = atr.take(line.bytes, from: text)
      let card = readers[client].map(Self.card) ?? 0
      log.learn(atr, of: card)
      log.powerChanged(.powerOn(nil), of: card, at: clock.time, nil)
    } else {
      readNames(line, start, client)
    }
  }

  mutating func end(_ log: inout ImportCollector) { flush(&log) }

  /// The words, as the first of the message or behind the name of a function.
  private static func position(behind word: StaticString, _ line: LogLine, _ start: Int) -> Int? {
    guard let text = line.position(behind: word, from: start) else { return nil }
    let begin = text - word.utf8CodeUnitCount
    guard begin == start || line.bytes[begin - 1] == 0x20 || line.bytes[begin - 1] == 0x09 else {
      return nil
    }
    return text
  }

  private mutating func remember(_ kind: Kind, _ client: UInt64, _ line: LogLine, _ start: Int) {
    var bytes = LoggedBytes()
    let end = bytes.take(line.bytes, from: start)
    guard !bytes.isEmpty else { return }
    bytes.isCut = bytes.isCut || line.skippingBlanks(from: end) < line.bytes.count
    last = (kind, client, bytes, clock.time)
  }

  /// A line of nothing but bytes goes on with those of the line before: mail programs break lines.
  private mutating func goesOn(_ line: LogLine, from start: Int) -> Bool {
    guard last != nil, line.stamp == nil, start < line.bytes.count else { return false }
    var bytes = LoggedBytes()
    let end = bytes.take(line.bytes, from: start)
    guard !bytes.isEmpty, line.skippingBlanks(from: end) == line.bytes.count else { return false }
    last?.bytes.append(bytes)
    return true
  }

  private mutating func flush(_ log: inout ImportCollector) {
    guard let (kind, client, bytes, time) = last else { return }
    last = nil
    switch kind {
    case .command: log.send(bytes, on: wire(client), at: time)
    case .answer: log.receive(bytes, client: client, at: time)
    }
  }

  // MARK: Readers

  private func wire(_ client: UInt64) -> ImportCollector.Wire {
    let unit = units[client]
    let name = unit.flatMap { unitNames[$0] } ?? readers[client]
    return ImportCollector.Wire(
      client: client, card: name.map(Self.card) ?? 0,
      reader: name ?? unit.map { "lun: \($0)" })
  }

  private static func card(_ name: String) -> UInt64 { LogHash.of(Array(name.utf8)[...]) }

  private mutating func readNames(_ line: LogLine, _ start: Int, _ client: UInt64) {
    if let text = line.position(behind: "Attempting Connect to ", from: start),
      let end = line.position(behind: " using protocol", from: text)
    {
      if readers.count >= Self.limit { readers = [:] }
      readers[client] = line.name(text..<end - 15)
      units[client] = nil
    } else if let text = line.position(behind: "Card inserted into ", from: start) {
      if readers.count >= Self.limit { readers = [:] }
      readers[client] = line.name(text..<line.bytes.count)
    } else if line.contains("IFDHTransmitToICC", from: start),
      let text = line.position(behind: "(lun: ", from: start),
      let end = line.bytes[text...].firstIndex(of: 0x29),
      let unit = Int(line.name(text..<end), radix: 16)
    {
      if units.count >= Self.limit || unitNames.count >= Self.limit {
        (units, unitNames) = ([:], [:])
      }
      units[client] = unit
      if let name = readers[client] { unitNames[unit] = name }
    }
  }
}
