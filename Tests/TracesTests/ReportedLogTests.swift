import Foundation
import ISO7816
import Terminal
import Testing

@testable import Traces

/// Logs as people send them with their reports.
@Suite("Logs as they are reported") struct ReportedLogTests {
  private static let challenge = "0084000008 > 01020304050607089000"
  private static let read = "00B0000004 > 303030309000"

  /// What each log tells: commands and answers, `X` for bytes that were left out, `?` for no answer.
  static let logs: [(file: String, lines: [String])] = [
    ("spy-two-threads.log", [challenge, read]),
    ("spy-wait-ends-inside-transmit.log", [challenge]), ("spy-thread-option.log", [challenge]),
    ("spy-two-readers-atr.log", ["power \(cns)", challenge]),
    ("spy-status-atr.log", ["power \(cns)", challenge]),
    ("pcscd-two-clients.log", [challenge, read]), ("pcscd-journal.log", [challenge, read]),
    ("opensc-018.log", [challenge]), ("opensc-0.16-linux.log", ["00A40800041100110200 > 6A82"]),
    ("opensc-two-processes.log", [challenge, read]),
    ("opensc-redacted.log", ["0020001008XXXXXXXXXXXXXXXX > 9000", challenge]),
    ("opensc-cut.log", [challenge, "00B00100FF > ?"]),
    ("opensc-cut2.log", ["00B00100FF > ?", challenge]), ("opensc-journal.log", [challenge]),
    ("opensc-quoted.log", [challenge]), ("opensc-utf16.log", [challenge]),
  ]

  private static let cns = "3BFF1800008131FE45006B150C0302010101434E5311318060"

  @Test("are read: each answer beside its command, what is missing told", arguments: logs)
  func told(log: (file: String, lines: [String])) throws {
    #expect(try Self.told(try Self.import(log.file)) == log.lines)
  }

  @Test(
    "keep their times and dates",
    arguments: [
      ("pcscd-journal.log", [12, 1_000_012], 0), ("opensc-018.log", [700_000], 1_529_759_311),
      ("opensc-two-processes.log", [0, 1000], 0), ("opensc-journal.log", [123_000], 1_682_503_810),
      ("pcscd-two-clients.log", [10, 110], 0),
    ])
  func times(log: (file: String, times: [Int], started: Double)) throws {
    let trace = try Self.import(log.file)
    #expect(trace.entries.map(\.time) == log.times)
    #expect(abs(trace.header.started.timeIntervalSince1970 - log.started) < 0.001)
  }

  @Test("that are altered on the way tell the same", arguments: logs.map(\.file))
  func altered(file: String) throws {
    let text = try Self.text(file)
    let log = try Self.format(file)
    let expected = try Self.told(try log.trace(of: text, source: file))
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
    func each(_ change: (Int, Substring) -> String) -> String {
      lines.enumerated().map { change($0.offset, $0.element) }.joined(separator: "\n")
    }
    let variants = [
      "with carriage returns": each { "\($1)\r" }, "with blanks at the end": each { "\($1)  \t" },
      "with a byte order mark": "\u{FEFF}" + text, "twice quoted": each { "> > \($1)" },
      "quoted without blanks": each { ">>\($1)" },
      "with colours": each { "\u{1B}[01;34m\($1)\u{1B}[0m" },
      "with spelled colours": each { "#033[35m\($1)#033[0m" },
      "with lines of another": each {
        "\($1)\n\(["kernel: usb 1-1: new device", "", "[drm] ok", "deadbeef is a word"][$0 % 4])"
      },
      "in a journal": each { "Aug 30 12:00:00 host prog[43]: \($1)" },
      "in a journal with dates": each { "2023-04-26T10:10:10.123456+0200 my-host prog[43]: \($1)" },
      "in a journal since the start": each { "[12345.678901] host prog[43]: \($1)" },
      "in a journal without numbers": each { "Aug  3 12:00:00 host prog: \($1)" },
      "in a container's log": each { "2023-04-26T10:10:10.123456789Z \($1)" },
      "behind lines that came before":
        each { "\($0 == 0 ? "ng.\nSW: \n o bRecvBuffer\n => Command\n" : "")\($1)" },
    ]
    for (name, variant) in variants {
      // Lines that a journal has marked already are not marked again.
      if name.hasPrefix("in a"), file.contains("journal") || file.contains("quoted") { continue }
      if file.contains("utf16"), !name.contains("carriage") { continue }
      let trace = try? log.trace(of: variant, source: name)
      #expect(try trace.map(Self.told) == expected, "\(name)")
    }
    let lower = text.replacing(/\b[0-9A-F]{2}\b/) { String($0.0).lowercased() }
    #expect(try Self.told(try log.trace(of: lower, source: "lower")) == expected)
  }

  @Test("that are cut anywhere keep what is whole", arguments: logs.map(\.file))
  func cut(file: String) throws {
    let bytes = Array(try Self.text(file).utf8)
    let log = try Self.format(file)
    let whole = try Self.told(try log.trace(of: String(decoding: bytes, as: UTF8.self), source: ""))
    for end in stride(from: 0, to: bytes.count, by: 7) {
      let part = String(decoding: bytes[..<end], as: UTF8.self)
      guard let trace = try? log.trace(of: part, source: "cut") else { continue }
      for line in try Self.told(trace) where !line.contains("?") && !line.contains("power") {
        // pcscd does not tell how many bytes come: what ends with the file is taken for whole.
        let isThere = whole.contains { log == .pcscd ? $0.hasPrefix(line) : $0 == line }
        #expect(isThere, "cut at \(end): \(line)")
      }
    }
  }

  @Test("of two readers' cards are refused until one is chosen")
  func twoReaders() throws {
    func call(_ handle: String, _ command: String, _ answer: String) -> String {
      """
      SCardTransmit
       i hCard: \(handle)
       i bSendLength 0x05 (5)
       i bSendBuffer
       i  0000 \(command)   .
       o bRecvBuffer
       o  0000 \(answer)   .
       => Command successful. (SCARD_S_SUCCESS [0x00000000])  [0.000175]

      """
    }
    func connect(_ reader: String, _ handle: String) -> String {
      """
      SCardConnect
       i szReader \(reader)
       o phCard \(handle) (1)
       => Command successful. (SCARD_S_SUCCESS [0x00000000])  [0.000175]

      """
    }
    let text =
      connect("Reader A 00", "0x0A") + connect("Reader B 00", "0x0B")
      + call("0x0A", "00 84 00 00 08", "01 02 90 00") + call("0x0B", "00 B0 00 00 04", "6A 82")
    #expect {
      try ImportedLog.pcscSpy.trace(of: text, source: "x")
    } throws: { "\($0)".contains("\"Reader A 00\" and \"Reader B 00\": choose one with --reader") }
    let one = try ImportedLog.pcscSpy.trace(of: text, reader: "Reader B", source: "x")
    #expect(try Self.told(one) == ["power ", "00B0000004 > 6A82"])
    #expect(throws: TraceError.self) {
      try ImportedLog.pcscSpy.trace(of: text, reader: "Reader C", source: "x")
    }
  }

  @Test(
    "with times that cannot be leave those out",
    arguments: [
      "trap-pcscd-times.log", "trap-spy-duration.log",
    ])
  func impossibleTimes(file: String) throws {
    if file.contains("spy") {
      let transmit = try Self.text("spy-status-atr.log")
      let trace = try ImportedLog.pcscSpy.trace(of: try Self.text(file) + transmit, source: file)
      #expect(trace.entries.allSatisfy { $0.time < 1_000_000 })
      #expect(throws: TraceError.self) {
        try ImportedLog.pcscSpy.trace(of: try Self.text(file), source: file)
      }
    } else {
      let trace = try ImportedLog.pcscd.trace(of: try Self.text(file), source: file)
      #expect(trace.entries.map(\.time) == [0, 251])
    }
  }

  @Test(
    "with numbers at every limit make traces that are read back", arguments: ImportedLog.allCases)
  func limits(log: ImportedLog) throws {
    let text = try sample("\(log.rawValue).log")
    let numbers = [
      "9223372036854775807", "99999999999999999999999", "-1", "4294967296", "00000000", "nan",
      "999999999999999.999999999999", "1e308",
    ]
    for number in numbers {
      for range in text.ranges(of: /[0-9][0-9.:]{5,}/) + text.ranges(of: /\(\d+/) {
        var changed = text
        changed.replaceSubrange(range, with: "(\(number)")
        guard let trace = try? log.trace(of: changed, source: "changed") else { continue }
        #expect(throws: Never.self) { try Trace(lines: trace.lines, source: "again") }
        #expect(!PcapFormat.bytes(of: trace).isEmpty)
        for entry in Explainer.explain(trace) { #expect(!entry.json.isEmpty) }
      }
    }
  }

  @Test("have every instruction of ISO/IEC 7816-4, -8 and -9 by its name")
  func names() throws {
    let trace = try Trace(lines: try Self.text("ins.jsonl"), source: "ins")
    #expect(trace.entries.count == 54)
    for explanation in Explainer.explain(trace) {
      #expect(!explanation.title.contains("nstruction"), "\(explanation.title)")
    }
    let log = try Self.import("pcscd-3804-like.log")
    let titles = Explainer.explain(log).map(\.title)
    #expect(titles.contains("GENERAL AUTHENTICATE, 2 bytes, to be continued"))
    #expect(titles.contains("VERIFY 0090 under secure messaging, 29 bytes"))
    #expect(titles.contains("GET DATA, 3 bytes"))
  }

  // MARK: Helpers

  static func text(_ file: String) throws -> String {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    let data = try Data(contentsOf: folder.appendingPathComponent("Samples/Reported/\(file)"))
    if data.starts(with: [0xFF, 0xFE]) {
      return try #require(String(data: data, encoding: .utf16))
    }
    return String(decoding: data, as: UTF8.self)
  }

  private static func format(_ file: String) throws -> ImportedLog {
    let name = file.split(separator: "-").first.map(String.init)
    return name == "spy" ? .pcscSpy : try #require(ImportedLog(rawValue: name ?? ""))
  }

  /// Read from the file itself: UTF-16 is for the importer to find.
  private static func `import`(_ file: String) throws -> Trace {
    let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .appendingPathComponent("Samples/Reported/\(file)").path
    var log = LogImport(try format(file), try LineReader(path: path))
    var entries: [TraceEntry] = []
    while let entry = try log.next() { entries.append(entry) }
    return Trace(header: log.header, entries: entries)
  }

  /// The entries as lines of text.
  private static func told(_ trace: Trace) throws -> [String] {
    #expect(trace.entries.map(\.time) == trace.entries.map(\.time).sorted())
    #expect(try Trace(lines: trace.lines, source: "again") == trace)
    return trace.entries.map { entry in
      func text(_ bytes: [UInt8], _ hidden: Range<Int>?) -> String {
        bytes.indices.map { hidden?.contains($0) == true ? "XX" : Hex.text([bytes[$0]]) }.joined()
      }
      switch entry.event {
      case .exchange(let exchange, let hidden):
        return "\(text(exchange.command, hidden)) > \(Hex.text(exchange.response))"
      case .failure(let command, let hidden, _): return "\(text(command, hidden)) > ?"
      case .powerOn(let atr): return "power \(Hex.text(atr?.bytes ?? []))"
      default: return "\(entry.event)"
      }
    }
  }
}
