import ISO7816

/// What `pcscd --apdu` writes, 1.8 to 2.x:
///
///     03018705 APDU: 00 A4 08 00 04 10 00 10 03 00
///     00000172 SW: 6F 1E 80 02 00 10 … 90 00
///
/// The number is microseconds since the line before. With `--debug` there are many other lines, and
/// the ATR.
enum PCSCDLog {
  static func read(_ lines: [Substring], into log: inout ImportCollector) throws(TraceError) {
    var time = 0
    var first: Int?
    for (number, line) in lines.enumerated() {
      let text = line.withoutColours
      if let digits = text.firstMatch(of: /^(\d{8,})\ /), let passed = Int(digits.1) {
        // The first number counts from the daemon's start.
        if first == nil { first = passed } else { time += passed }
      }
      if let match = text.firstMatch(of: /\bAPDU: ([0-9A-Fa-f ]+)$/) {
        log.send(try log.bytes(match.1, line: number), at: time, line: number)
      } else if let match = text.firstMatch(of: /\bSW: ([0-9A-Fa-f ]+)$/) {
        log.receive(try log.bytes(match.1, line: number), at: time)
      } else if let match = text.firstMatch(of: /\bCard ATR: ([0-9A-Fa-f ]+)/) {
        let atr = ATR(try log.bytes(match.1, line: number))
        log.append(TraceEntry(time: time, event: .powerOn(atr)))
      }
    }
    log.lose("the log ends here")
  }
}

extension StringProtocol {
  /// The text without terminal colours and without blanks at its end.
  var withoutColours: String {
    String(self).replacing(/\u{1B}\[[0-9;]*m/, with: "").replacing(/[ \t\r]+$/, with: "")
  }
}
