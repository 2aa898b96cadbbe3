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
/// Calls of several threads are indented differently; they are read as they stand.
enum PCSCSpyLog {
  private struct Call {
    var name = ""
    var sent: [UInt8] = []
    var received: [UInt8] = []
    var atr: [UInt8] = []
    var resets = false
    var isShared = true
    var line = 0
  }

  private enum Buffer {
    case none
    case sent
    case received
  }

  static func read(_ lines: [Substring], into log: inout ImportCollector) throws(TraceError) {
    var call = Call()
    var buffer = Buffer.none
    var time = 0
    var knownATR: [UInt8] = []
    for (number, line) in lines.enumerated() {
      let text = line.withoutColours
      if let match = text.wholeMatch(of: /\s*(SCar\w+)/) {
        call = Call(name: String(match.1), line: number)
        buffer = .none
      } else if let match = text.firstMatch(of: /=> (.*?)\s*(?:\[(\d+\.\d+)\])?$/) {
        let duration = match.2.flatMap { Double($0) }.map { Int($0 * 1_000_000) } ?? 0
        if !call.atr.isEmpty { knownATR = call.atr }
        finish(call, String(match.1), at: time, duration, knownATR, into: &log)
        time += duration
        call = Call()
        buffer = .none
      } else if text.contains(/\ [io] bSendBuffer/) {
        buffer = .sent
      } else if text.contains(/\ [io] bRecvBuffer/) {
        buffer = .received
      } else if let match = text.firstMatch(of: /\ [io]  [0-9A-F]{4} ((?:[0-9A-F]{2} ?){1,16})/) {
        // The column of characters begins after the bytes' own; sixteen bytes take 47 characters.
        let part = try log.bytes(hexColumn(of: text, from: match.1), line: number)
        switch buffer {
        case .sent: call.sent += part
        case .received: call.received += part
        case .none: break
        }
      } else if let match = text.firstMatch(of: /[aA]tr: ([0-9A-F]{2}(?: [0-9A-F]{2})+)$/) {
        call.atr = try log.bytes(match.1, line: number)
      } else if text.contains(/dwInitialization: SCARD_(RESET|UNPOWER)_CARD/)
        || text.contains(/dwDisposition: SCARD_(RESET|UNPOWER)_CARD/)
      {
        call.resets = true
      } else if text.contains("SCARD_SHARE_DIRECT") {
        call.isShared = false
      }
    }
    log.lose("the log ends here")
  }

  private static func finish(
    _ call: Call, _ result: String, at time: Int, _ duration: Int, _ atr: [UInt8],
    into log: inout ImportCollector
  ) {
    let isGood = result.contains("SCARD_S_SUCCESS")
    switch call.name {
    case "SCardTransmit":
      guard !call.sent.isEmpty else { return }
      log.send(call.sent, at: time, line: call.line)
      if isGood, !call.received.isEmpty {
        log.receive(call.received, at: time + duration)
      } else {
        log.lose(result)
      }
    case "SCardConnect" where isGood && call.isShared:
      log.append(
        TraceEntry(
          time: time, duration: duration, event: .powerOn(atr.isEmpty ? nil : ATR(atr))))
    case "SCardReconnect" where isGood && call.resets:
      log.append(
        TraceEntry(time: time, duration: duration, event: .reset(atr.isEmpty ? nil : ATR(atr))))
    case "SCardDisconnect" where isGood && call.resets:
      log.append(TraceEntry(time: time, duration: duration, event: .powerOff))
    default: break
    }
  }

  /// The 47 characters of sixteen bytes, from the first byte on: what follows are characters, which
  /// may look like bytes.
  private static func hexColumn(of text: String, from start: Substring) -> Substring {
    text[start.startIndex...].prefix(47)
  }
}
