import Foundation
import ISO7816
import Terminal

/// The logs of other programs a trace can be made of.
public enum ImportedLog: String, CaseIterable, Sendable {
  /// `pcscd --apdu`, with or without `--debug`.
  case pcscd
  /// The output of `pcsc-spy`.
  case pcscSpy = "pcsc-spy"
  /// `OPENSC_DEBUG=9`, or a file named by `debug_file`.
  case opensc

  /// Reads a log.
  ///
  /// - Parameters:
  ///   - withSecrets: PINs are kept as they are; otherwise they are left out, as in recording.
  ///   - source: What error messages call the log.
  /// - Throws: where a command cannot be read, or there is none in the log.
  public func trace(of text: String, withSecrets: Bool = false, source: String)
    throws(TraceError) -> Trace
  {
    var log = ImportCollector(channel: rawValue, withSecrets: withSecrets, source: source)
    let lines = text.allLines
    switch self {
    case .pcscd: try PCSCDLog.read(lines, into: &log)
    case .pcscSpy: try PCSCSpyLog.read(lines, into: &log)
    case .opensc: try OpenSCLog.read(lines, into: &log)
    }
    guard !log.trace.entries.isEmpty else {
      throw TraceError(
        source, reason: "there is no command in it; is it really a log of \(rawValue)?")
    }
    return log.trace
  }
}

/// Puts a trace together from what a log tells.
struct ImportCollector {
  let source: String
  private(set) var trace: Trace
  private let withSecrets: Bool
  private var redactor = Redactor()
  private var open: (command: [UInt8], time: Int, line: Int)?

  init(channel: String, withSecrets: Bool, source: String) {
    self.source = source
    self.withSecrets = withSecrets
    // Logs tell the time of day at best; the trace counts from its first entry.
    trace = Trace(
      header: TraceHeader(channel: channel, started: Date(timeIntervalSince1970: 0)))
  }

  /// A command was sent; `line` counts from 0.
  mutating func send(_ bytes: [UInt8], at time: Int, line: Int) {
    lose("the log has no answer to it")
    open = (bytes, time, line)
  }

  /// The command's answer; without a command before it, nothing.
  mutating func receive(_ bytes: [UInt8], at time: Int) {
    guard let sent = close() else { return }
    append(
      TraceEntry(
        time: sent.time, duration: max(0, time - sent.time),
        event: .exchange(
          Exchange(command: sent.command, response: bytes), redacted: sent.redacted)))
  }

  /// The command that was sent last has no answer.
  mutating func lose(_ reason: String) {
    guard let sent = close() else { return }
    append(
      TraceEntry(
        time: sent.time,
        event: .failure(command: sent.command, redacted: sent.redacted, reason: reason)))
  }

  /// The command that was sent last, as the trace shows it; nothing waits for an answer any more.
  private mutating func close() -> (time: Int, command: [UInt8], redacted: Range<Int>?)? {
    guard let sent = open else { return nil }
    open = nil
    guard !withSecrets else { return (sent.time, sent.command, nil) }
    let (command, redacted) = redactor.redact(sent.command)
    return (sent.time, command, redacted)
  }

  mutating func append(_ entry: TraceEntry) { trace.entries.append(entry) }

  /// Bytes in hexadecimal, as a line of the log has them.
  func bytes(_ text: some StringProtocol, line: Int) throws(TraceError) -> [UInt8] {
    guard let bytes = Hex.bytes(String(text)) else {
      throw TraceError(source, line: line + 1, reason: "these are no bytes in hexadecimal: \(text)")
    }
    return bytes
  }
}
