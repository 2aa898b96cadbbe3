import ISO7816

/// OpenSC's debug log from level 3 on:
///
///     P:29230; T:0x1401… 04:35:58.691 [opensc-tool] reader-pcsc.c:335:pcsc_transmit:
///     Outgoing APDU (12 bytes):
///     00 A4 04 00 07 62 76 01 FF 00 00 00 .....bv.....
///
/// A line holds up to sixteen bytes, then their characters, which are told apart by the count.
enum OpenSCLog {
  static func read(_ lines: [Substring], into log: inout ImportCollector) throws(TraceError) {
    var clock = LogClock()
    var number = 0
    while number < lines.count {
      let text = lines[number].withoutColours
      clock.read(text)
      number += 1
      if let match = text.firstMatch(of: /(Outgoing|Incoming) APDU(?: data)? \((\d+) bytes\):/),
        let count = Int(match.2)
      {
        let start = number
        var bytes: [UInt8] = []
        while bytes.count < count {
          guard number < lines.count else {
            throw TraceError(
              log.source, line: start, reason: "the log ends within \(count) bytes")
          }
          let pairs = lines[number].split(separator: " ").prefix(min(16, count - bytes.count))
          bytes += try log.bytes(pairs.joined(separator: " "), line: number)
          number += 1
        }
        if match.1 == "Outgoing" {
          log.send(bytes, at: clock.time, line: start)
        } else {
          log.receive(bytes, at: clock.time)
        }
      } else if text.contains("SCardTransmit") && text.contains("failed")
        || text.contains("unable to transmit")
      {
        log.lose("the reader failed")
      } else if let match = text.firstMatch(of: /match_atr_table: ATR     : ([0-9a-f:]+)$/) {
        try power(ATR(log.bytes(match.1, line: number - 1)), at: clock.time, &log)
      }
    }
    log.lose("the log ends here")
  }

  /// The ATR is told before each table the driver looks in: once for a connection is enough.
  private static func power(_ atr: ATR, at time: Int, _ log: inout ImportCollector)
    throws(TraceError)
  {
    if case .powerOn? = log.trace.entries.last?.event { return }
    if log.trace.entries.contains(where: { $0.event == .powerOn(atr) }) { return }
    log.append(TraceEntry(time: time, event: .powerOn(atr)))
  }
}

/// The time of day at the front of OpenSC's lines, as microseconds since the first one.
private struct LogClock {
  private(set) var time = 0
  private var first: Int?

  mutating func read(_ line: String) {
    guard let match = line.firstMatch(of: /(\d\d):(\d\d):(\d\d)\.(\d{3}) \[/),
      let hours = Int(match.1), let minutes = Int(match.2), let seconds = Int(match.3),
      let thousandths = Int(match.4)
    else { return }
    let now = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + thousandths * 1000
    let start = first ?? now
    first = start
    // A log may run past midnight.
    time = now >= start ? now - start : now - start + 86_400_000_000
  }
}
