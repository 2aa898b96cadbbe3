import ISO7816
import Terminal

/// Everything a line of a trace may carry.
struct TraceLine {
  private(set) var version: Int?
  private(set) var channel: String?
  private(set) var started: String?
  private var time: Int?
  private var duration: Int?
  private var event: String?
  private var atr: Hexadecimal?
  private var command: Hexadecimal?
  private var redacted: [Int]?
  private var response: Hexadecimal?
  private var reason: String?

  /// Later than any time of a trace, and small enough to be added to others: 2^53 microseconds, 285
  /// years.
  static let latestTime = 1 << 53
  /// An extended command with 65,535 bytes of data.
  private static let longestCommand = 65_544
  /// TS and 32 bytes (ISO/IEC 7816-3, 8.2.1).
  private static let longestATR = 33

  /// A value that should be bytes in hexadecimal; nil bytes where it is not.
  private struct Hexadecimal {
    let bytes: [UInt8]?
  }

  /// Reads a JSON object; nil where the line is none, or a value is not of its key's type.
  init?(_ line: [UInt8]) {
    var scanner = JSONScanner(line)
    guard scanner.object({ key, value in self.read(key, &value) }), scanner.isAtEnd else {
      return nil
    }
  }

  private mutating func read(_ key: String, _ value: inout JSONScanner) -> Bool {
    if value.null() { return true }
    switch key {
    case "softdna-trace": return value.integer(&version)
    case "channel": return value.string(&channel)
    case "started": return value.string(&started)
    case "time": return value.integer(&time)
    case "duration": return value.integer(&duration)
    case "event": return value.string(&event)
    case "atr": return Self.bytes(&value, &atr)
    case "command": return Self.bytes(&value, &command)
    case "redacted": return value.integers(&redacted)
    case "response": return Self.bytes(&value, &response)
    case "reason": return value.string(&reason)
    // A key of a later version.
    default: return value.skip()
    }
  }

  private static func bytes(_ value: inout JSONScanner, _ result: inout Hexadecimal?) -> Bool {
    if let bytes = value.hexadecimal() {
      result = Hexadecimal(bytes: bytes)
      return true
    }
    var text: String?
    guard value.string(&text), let text else { return false }
    result = Hexadecimal(bytes: Hex.bytes(text))
    return true
  }

  /// What the line tells; nil where that is neither a known event nor a command and its response.
  var entry: TraceEntry? {
    guard let time, Self.isTime(time), duration.map(Self.isTime) ?? true, let event = traceEvent
    else { return nil }
    return TraceEntry(time: time, duration: duration, event: event)
  }

  private static func isTime(_ value: Int) -> Bool { (0...latestTime).contains(value) }

  private var traceEvent: TraceEvent? {
    if let command, command.bytes == nil { return nil }
    if let atr, (atr.bytes?.count ?? .max) > Self.longestATR { return nil }
    let bytes = command?.bytes ?? []
    guard bytes.count <= Self.longestCommand else { return nil }
    let atr = self.atr?.bytes.map { ATR($0) }
    switch event {
    case "powerOn": return .powerOn(atr)
    case "reset": return .reset(atr)
    case "powerOff": return .powerOff
    case "failure":
      return .failure(
        command: bytes, redacted: Self.range(redacted, in: bytes), reason: reason ?? "not told")
    case nil:
      guard command != nil, let answer = response?.bytes, answer.count <= Self.longestCommand
      else { return nil }
      return .exchange(
        Exchange(command: bytes, response: answer), redacted: Self.range(redacted, in: bytes))
    default: return nil
    }
  }

  private static func range(_ ends: [Int]?, in bytes: [UInt8]) -> Range<Int>? {
    guard let ends, ends.count == 2, ends[0] >= 0, ends[0] < ends[1], ends[1] <= bytes.count
    else { return nil }
    return ends[0]..<ends[1]
  }
}
