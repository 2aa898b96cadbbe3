import Foundation

/// Makes a trace of a log, entry by entry: memory does not grow with the log.
public struct LogImport {
  /// The trace's header; its start is known as soon as the first entry is.
  public var header: TraceHeader {
    TraceHeader(
      channel: log.rawValue,
      started: Date(timeIntervalSince1970: Double(parser.clock.started ?? 0) / 1_000_000))
  }
  /// Exchanges of which the log does not have all bytes: they are failures in the trace.
  public var incompleteExchanges: Int { collector.incomplete }
  /// Programs and threads that sent commands.
  public var clients: Int { collector.clientCount }

  private let log: ImportedLog
  private var lines: LineReader
  private var line = LogLine()
  private var parser: any LogParser
  private var collector: ImportCollector
  private var hasEnded = false

  /// A log that is read from its first line on; see `ImportedLog.trace`.
  public init(
    _ log: ImportedLog, _ lines: LineReader, withSecrets: Bool = false, reader: String? = nil
  ) {
    self.log = log
    self.lines = lines
    collector = ImportCollector(withSecrets: withSecrets, reader: reader)
    switch log {
    case .pcscd: parser = PCSCDLog()
    case .pcscSpy: parser = PCSCSpyLog()
    case .opensc: parser = OpenSCLog()
    }
  }

  /// The next entry; nil at the end of the log.
  public mutating func next() throws(TraceError) -> TraceEntry? {
    while true {
      if let entry = collector.next() { return entry }
      guard !hasEnded else { return nil }
      if try lines.next(into: &line.bytes) {
        // No line of these programs is so long.
        guard !lines.isCut else { continue }
        line.clean()
        parser.read(line, into: &collector)
      } else {
        parser.end(&collector)
        collector.end()
        hasEnded = true
        guard collector.hasExchanges else {
          throw TraceError(
            lines.source,
            reason: "there is no command in it; is it really a log of \(log.rawValue)"
              + (collector.reader == nil ? "?" : ", and is the reader's name right?"))
        }
      }
      if let (first, second) = collector.severalReaders {
        throw TraceError(
          lines.source, line: lines.number,
          reason: "the log tells of cards in two readers, \"\(first)\" and \"\(second)\":"
            + " choose one with --reader")
      }
    }
  }
}

/// Reads one program's logs, line by line.
protocol LogParser {
  var clock: LogClock { get }
  mutating func read(_ line: LogLine, into log: inout ImportCollector)
  mutating func end(_ log: inout ImportCollector)
}
