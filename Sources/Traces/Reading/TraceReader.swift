import Foundation

/// Reads the JSON lines of a trace, entry by entry: memory does not grow with the trace.
public struct TraceReader {
  /// Which wire, and when.
  public let header: TraceHeader

  private var lines: LineReader
  private var line: [UInt8] = []

  /// Reads the header of a trace file, or of standard input where the path is "-".
  public init(path: String) throws(TraceError) { try self.init(LineReader(path: path)) }

  /// Reads the header.
  public init(_ lines: LineReader) throws(TraceError) {
    var lines = lines
    var line: [UInt8] = []
    guard let fields = try Self.next(&lines, &line) else {
      throw TraceError(lines.source, reason: "the file is empty")
    }
    header = try Self.header(fields, lines)
    self.lines = lines
  }

  /// The next entry; nil at the end.
  ///
  /// Unknown keys are skipped, so that later versions may add some; an unknown event is an error.
  public mutating func next() throws(TraceError) -> TraceEntry? {
    guard let fields = try Self.next(&lines, &line) else { return nil }
    guard let entry = fields.entry else {
      throw Self.error(
        lines,
        "neither a known event nor a command and its response in hexadecimal, with a time in"
          + " microseconds")
    }
    return entry
  }

  /// The next line that is not blank. What it says is not told by errors: it may be a PIN.
  private static func next(_ lines: inout LineReader, _ line: inout [UInt8]) throws(TraceError)
    -> TraceLine?
  {
    while try lines.next(into: &line) {
      guard !lines.isCut else {
        throw error(lines, "this line has more than \(LineReader.limit) bytes")
      }
      if line.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }) { continue }
      guard let fields = TraceLine(line) else { throw error(lines, "this is no line of a trace") }
      return fields
    }
    return nil
  }

  private static func header(_ fields: TraceLine, _ lines: LineReader) throws(TraceError)
    -> TraceHeader
  {
    guard let version = fields.version else {
      throw error(lines, "no trace: it does not begin with \"softdna-trace\"")
    }
    guard version == TraceHeader.version else {
      throw error(
        lines, "version \(version) of the format is not known, only \(TraceHeader.version)")
    }
    guard let channel = fields.channel, let started = fields.started.flatMap(date) else {
      throw error(lines, "the header lacks channel or started")
    }
    return TraceHeader(channel: channel, started: started)
  }

  private static func date(_ text: String) -> Date? {
    [true, false].lazy.compactMap {
      try? Date.ISO8601FormatStyle(includingFractionalSeconds: $0).parse(text)
    }.first
  }

  private static func error(_ lines: LineReader, _ reason: String) -> TraceError {
    TraceError(lines.source, line: lines.number, reason: reason)
  }
}
