import Foundation
import HostFiles
import ISO7816
import Terminal

extension Trace {
  /// Reads the JSON lines of a trace.
  ///
  /// Unknown keys are skipped, so that later versions may add some; an unknown event is an error.
  ///
  /// - Parameter source: What error messages call it.
  public init(lines text: String, source: String) throws(TraceError) {
    var header: TraceHeader?
    var entries: [TraceEntry] = []
    for (index, line) in text.allLines.enumerated() {
      let content = line.trimmingCharacters(in: .whitespaces)
      guard !content.isEmpty else { continue }
      let fields: Line
      do { fields = try JSONDecoder().decode(Line.self, from: Data(content.utf8)) } catch {
        throw TraceError(source, line: index + 1, reason: "this is no line of a trace")
      }
      if header == nil {
        guard let version = fields.version else {
          throw TraceError(
            source, line: index + 1, reason: "no trace: it does not begin with \"softdna-trace\"")
        }
        guard version == TraceHeader.version else {
          throw TraceError(
            source, line: index + 1,
            reason: "version \(version) of the format is not known, only \(TraceHeader.version)")
        }
        guard let channel = fields.channel, let started = fields.started.flatMap(Self.date) else {
          throw TraceError(source, line: index + 1, reason: "the header lacks channel or started")
        }
        header = TraceHeader(channel: channel, started: started)
      } else {
        guard let entry = fields.entry else {
          throw TraceError(
            source, line: index + 1,
            reason: "neither a known event nor a command and its response in hexadecimal")
        }
        entries.append(entry)
      }
    }
    guard let header else { throw TraceError(source, reason: "the file is empty") }
    self.init(header: header, entries: entries)
  }

  /// Reads a trace file.
  public init(file path: String) throws(TraceError) {
    try self.init(lines: try Self.text(ofFile: path), source: path)
  }

  /// A whole text file; bytes that are no UTF-8 become replacement characters.
  public static func text(ofFile path: String) throws(TraceError) -> String {
    let descriptor = open(path, O_RDONLY | O_CLOEXEC)
    // A folder can be opened, but not read.
    guard descriptor >= 0, read(descriptor, nil, 0) == 0 else {
      let reason = SystemReason.text(errno)
      if descriptor >= 0 { close(descriptor) }
      throw TraceError(path, reason: "cannot be read: \(reason)")
    }
    let data = FileHandle(fileDescriptor: descriptor, closeOnDealloc: true).readDataToEndOfFile()
    return String(decoding: data, as: UTF8.self)
  }

  /// The JSON lines, header first.
  public var lines: String { header.line + entries.map(\.line).joined() }

  private static func date(_ text: String) -> Date? {
    [true, false].lazy.compactMap {
      try? Date.ISO8601FormatStyle(includingFractionalSeconds: $0).parse(text)
    }.first
  }
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

/// Everything a line may carry.
private struct Line: Decodable {
  let version: Int?
  let channel: String?
  let started: String?
  let time: Int?
  let duration: Int?
  let event: String?
  let atr: String?
  let command: String?
  let redacted: [Int]?
  let response: String?
  let reason: String?

  enum CodingKeys: String, CodingKey {
    case version = "softdna-trace"
    case channel, started, time, duration, event, atr, command, redacted, response, reason
  }

  var entry: TraceEntry? {
    guard let time, let event = traceEvent else { return nil }
    return TraceEntry(time: time, duration: duration, event: event)
  }

  private var traceEvent: TraceEvent? {
    let bytes = command.flatMap(Hex.bytes)
    if command != nil, bytes == nil { return nil }
    switch event {
    case "powerOn": return .powerOn(atr.flatMap(Hex.bytes).map { ATR($0) })
    case "reset": return .reset(atr.flatMap(Hex.bytes).map { ATR($0) })
    case "powerOff": return .powerOff
    case "failure":
      return .failure(
        command: bytes ?? [], redacted: range(in: bytes ?? []), reason: reason ?? "not told")
    case nil:
      guard let bytes, let answer = response.flatMap(Hex.bytes) else { return nil }
      return .exchange(
        Exchange(command: bytes, response: answer), redacted: range(in: bytes))
    default: return nil
    }
  }

  private func range(in bytes: [UInt8]) -> Range<Int>? {
    guard let redacted, redacted.count == 2, redacted[0] >= 0, redacted[0] < redacted[1],
      redacted[1] <= bytes.count
    else { return nil }
    return redacted[0]..<redacted[1]
  }
}

extension String {
  /// The lines of a text, empty ones included, ended by a line feed with or without a carriage
  /// return before it: the two are one character to Swift.
  var allLines: [Substring] {
    split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
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
