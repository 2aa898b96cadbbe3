import Foundation
import HostFiles
import ISO7816
import Terminal

extension Trace {
  /// Reads the JSON lines of a trace.
  ///
  /// - Parameter source: What error messages call it.
  public init(lines text: String, source: String) throws(TraceError) {
    try self.init(TraceReader(LineReader(Array(text.utf8), source: source)))
  }

  /// Reads all that is left.
  public init(_ reader: TraceReader) throws(TraceError) {
    var reader = reader
    var entries: [TraceEntry] = []
    while let entry = try reader.next() { entries.append(entry) }
    self.init(header: reader.header, entries: entries)
  }

  /// Reads a trace file, or standard input where the path is "-".
  public init(file path: String) throws(TraceError) { try self.init(TraceReader(path: path)) }

  /// The JSON lines, header first.
  public var lines: String { header.line + entries.map(\.line).joined() }
}

extension TraceHeader {
  /// The first line of a trace, with its end.
  public var line: String {
    let date = started.formatted(Date.ISO8601FormatStyle(includingFractionalSeconds: true))
    return "{\"softdna-trace\":\(Self.version),\"channel\":\(JSONText.quoted(channel)),"
      + "\"started\":\"\(date)\"}\n"
  }
}

extension TraceEntry {
  /// One line of a trace, with its end. The order of the keys never changes.
  public var line: String {
    var fields = ["\"time\":\(time)"]
    if let duration { fields.append("\"duration\":\(duration)") }
    switch event {
    case .powerOn(let atr): fields += ["\"event\":\"powerOn\""] + Self.field(atr)
    case .reset(let atr): fields += ["\"event\":\"reset\""] + Self.field(atr)
    case .powerOff: fields.append("\"event\":\"powerOff\"")
    case .exchange(let exchange, let redacted):
      fields.append("\"command\":\"\(Hex.text(exchange.command))\"")
      fields += Self.field(redacted)
      fields.append("\"response\":\"\(Hex.text(exchange.response))\"")
    case .failure(let command, let redacted, let reason):
      fields.append("\"event\":\"failure\"")
      if !command.isEmpty { fields.append("\"command\":\"\(Hex.text(command))\"") }
      fields += Self.field(redacted)
      fields.append("\"reason\":\(JSONText.quoted(reason))")
    }
    return "{\(fields.joined(separator: ","))}\n"
  }

  private static func field(_ atr: ATR?) -> [String] {
    atr.map { ["\"atr\":\"\(Hex.text($0.bytes))\""] } ?? []
  }

  private static func field(_ redacted: Range<Int>?) -> [String] {
    redacted.map { ["\"redacted\":[\($0.lowerBound),\($0.upperBound)]"] } ?? []
  }
}

/// Text as JSON writes it.
public enum JSONText {
  /// A JSON string with its quotes.
  public static func quoted(_ text: String) -> String {
    var result = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": result += "\\\""
      case "\\": result += "\\\\"
      case "\n": result += "\\n"
      case _ where scalar.value < 0x20:
        result += "\\u00" + Hex.text([UInt8(scalar.value)])
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result + "\""
  }

  /// A JSON array of strings.
  public static func quoted(_ texts: [String]) -> String {
    "[" + texts.map { quoted($0) }.joined(separator: ",") + "]"
  }
}
