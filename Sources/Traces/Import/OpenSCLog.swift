import ISO7816

/// OpenSC's debug log from level 3 on:
///
///     P:29230; T:0x1401… 04:35:58.691 [opensc-tool] reader-pcsc.c:335:pcsc_transmit:
///     Outgoing APDU (12 bytes):
///     00 A4 04 00 07 62 76 01 FF 00 00 00 .....bv.....
///
/// A line holds up to sixteen bytes, then their characters, which are told apart by the count.
/// Versions up to 0.16 write `Outgoing APDU data [   12 bytes] =====`, and no process.
struct OpenSCLog: LogParser {
  private(set) var clock = LogClock()
  /// By the program whose lines a journal has marked; all others are one.
  private var streams: [UInt64: Stream] = [:]
  private var readers: [UInt64: String] = [:]
  private var atrs: [UInt64: LoggedBytes] = [:]

  private static let limit = 1024

  private struct Stream {
    /// The process and the thread that the last header named.
    var client: UInt64 = 0
    var dump: Dump?
  }

  /// Bytes that are being read.
  private struct Dump {
    let isCommand: Bool
    let count: Int
    var bytes = LoggedBytes()
  }

  mutating func read(_ line: LogLine, into log: inout ImportCollector) {
    if streams.count >= Self.limit { streams = [:] }
    var stream = streams[line.writer] ?? Stream(client: line.writer)
    defer { streams[line.writer] = stream }
    let start = line.skippingBlanks(from: line.start)
    if let client = readHeader(line, start) {
      stop(&stream, &log)
      stream.client = LogHash.of(line.bytes[client], line.writer)
    } else if stream.dump != nil, readDump(line, start, &stream) {
      if let dump = stream.dump, dump.bytes.count >= dump.count { stop(&stream, &log) }
      return
    }
    if let dump = Self.dump(line, start) {
      stop(&stream, &log)
      if clock.time == 0, let stamp = line.stamp { clock.read(stamp) }
      stream.dump = dump
      if dump.count == 0 { stop(&stream, &log) }
    } else {
      readMessage(line, start, stream.client, &log)
    }
  }

  mutating func end(_ log: inout ImportCollector) {
    for key in streams.keys.sorted() {
      guard var stream = streams[key] else { continue }
      stop(&stream, &log)
    }
    streams = [:]
  }

  // MARK: Headers

  /// The process and thread in front of a message: "P:4322; T:0x1406…", "0x7fbc…", or the name of
  /// the program alone; the clock takes the time over.
  private mutating func readHeader(_ line: LogLine, _ start: Int) -> Range<Int>? {
    let isNumbered = line.has("P:", at: start) || line.has("0x", at: start)
    guard isNumbered || line.has("[", at: start) else { return nil }
    let end = min(start + 90, line.bytes.count)
    guard let stamp = LogStamp(in: line.bytes, from: start, to: end) else {
      if let stamp = line.stamp, line.contains(".c:", from: start) { clock.read(stamp) }
      return line.contains(".c:", from: start) ? start..<start : nil
    }
    clock.read(stamp)
    return isNumbered ? start..<stamp.place.lowerBound : start..<start
  }

  private mutating func readMessage(
    _ line: LogLine, _ start: Int, _ client: UInt64, _ log: inout ImportCollector
  ) {
    if let text = line.position(behind: "pcsc_transmit: reader '", from: start) {
      guard let end = line.bytes[text...].lastIndex(of: 0x27) else { return }
      if readers.count >= Self.limit { readers = [:] }
      readers[client] = line.name(text..<end)
    } else if let text = line.position(behind: "match_atr_table: ATR     : ", from: start) {
      var atr = LoggedBytes()
      _ = atr.take(line.bytes, from: text)
      // It is told before each table the driver looks in: once for a connection is enough.
      guard atrs[client]?.bytes != atr.bytes else { return }
      if atrs.count >= Self.limit { atrs = [:] }
      atrs[client] = atr
      log.learn(atr, of: client)
      log.powerChanged(.powerOn(nil), of: client, at: clock.time, nil)
    } else if line.contains("SCardTransmit", from: start) && line.contains("failed", from: start)
      || line.contains("unable to transmit", from: start)
    {
      log.lose(client: client, "the reader failed")
    }
  }

  // MARK: Bytes

  /// "Outgoing APDU (5 bytes):" and its older forms.
  private static func dump(_ line: LogLine, _ start: Int) -> Dump? {
    guard let text = line.position(behind: "ing APDU", from: start) else { return nil }
    let isCommand = line.contains("Outgoing APDU", from: start)
    guard isCommand || line.contains("Incoming APDU", from: start) else { return nil }
    var index = text
    if line.has(" data", at: index) { index += 5 }
    index = line.skippingBlanks(from: index)
    guard line.has("(", at: index) || line.has("[", at: index) else { return nil }
    guard let (count, end) = line.number(at: line.skippingBlanks(from: index + 1)),
      line.has(" byte", at: end), count <= 65_544
    else { return nil }
    return Dump(isCommand: isCommand, count: count)
  }

  /// Takes a line's bytes; answers false where it has none, because another program wrote it.
  private func readDump(_ line: LogLine, _ start: Int, _ stream: inout Stream) -> Bool {
    guard var dump = stream.dump else { return false }
    var part = LoggedBytes()
    let expected = min(16, dump.count - dump.bytes.count)
    let end = part.take(line.bytes, from: start, atMost: expected)
    let rest = line.skippingBlanks(from: end)
    if part.count < expected, rest < line.bytes.count {
      guard !part.isEmpty || !dump.bytes.isEmpty, Self.saysHidden(line, rest) else { return false }
      // "00 20 00 10 08 <redacted>"
      part.hide(dump.count - dump.bytes.count - part.count)
    }
    guard !part.isEmpty else { return false }
    dump.bytes.append(part)
    stream.dump = dump
    return true
  }

  private static func saysHidden(_ line: LogLine, _ start: Int) -> Bool {
    let words: [StaticString] = [
      "redacted", "REDACTED", "removed", "REMOVED", "hidden", "censored", "PIN", "***", "xxx",
      "XXX",
    ]
    return words.contains { line.contains($0, from: start) }
  }

  private func stop(_ stream: inout Stream, _ log: inout ImportCollector) {
    guard var dump = stream.dump else { return }
    stream.dump = nil
    dump.bytes.isCut = dump.bytes.isCut || dump.bytes.count < dump.count
    let client = stream.client
    if dump.isCommand {
      log.send(
        dump.bytes,
        on: ImportCollector.Wire(client: client, card: client, reader: readers[client]),
        at: clock.time)
    } else {
      log.receive(dump.bytes, client: client, at: clock.time)
    }
  }
}
