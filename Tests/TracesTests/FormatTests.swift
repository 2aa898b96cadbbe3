import Foundation
import ISO7816
import Issuance
import Terminal
import Testing

@testable import Traces

@Suite("The trace format") struct FormatTests {
  @Test("reads back what it writes, every kind of entry")
  func roundTrip() throws {
    let started = Date(timeIntervalSince1970: 1_700_000_000.125)
    let atr = ATR([0x3B, 0x00])
    let trace = Trace(
      header: TraceHeader(channel: "a \"reader\" \\ 00", started: started),
      entries: [
        TraceEntry(time: 0, duration: 3, event: .powerOn(atr)),
        TraceEntry(time: 5, event: .powerOn(nil)),
        TraceEntry(time: 9, event: .reset(atr)),
        TraceEntry(
          time: 10, duration: 1,
          event: .exchange(Exchange(command: [0, 0xA4], response: [0x6A, 0x82]), redacted: nil)),
        TraceEntry(
          time: 11,
          event: .exchange(
            Exchange(command: [0, 0x20, 0, 0x10, 1, 0], response: [0x90, 0]), redacted: 5..<6)),
        TraceEntry(
          time: 12, event: .failure(command: [1, 2], redacted: nil, reason: "line\nand\ttab")),
        TraceEntry(time: 13, event: .failure(command: [], redacted: nil, reason: "no card")),
        TraceEntry(time: 14, event: .powerOff),
      ])
    #expect(try Trace(lines: trace.lines, source: "test") == trace)
    for line in trace.lines.split(separator: "\n") {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }
  }

  @Test(
    "refuses what is no trace, and says where",
    arguments: [
      ("", "empty"), ("{\"time\":1}", "test:1"), ("nonsense", "test:1"),
      ("{\"softdna-trace\":2,\"channel\":\"x\",\"started\":\"2026-01-01T00:00:00Z\"}", "version 2"),
      ("HEADER\n{\"time\":1,\"command\":\"0\",\"response\":\"9000\"}", "test:2"),
      ("HEADER\n\n{\"time\":1,\"event\":\"flash\"}", "test:3"),
      ("HEADER\n{\"event\":\"powerOff\"}", "test:2"),
    ])
  func refusals(text: String, words: String) {
    let header = TraceHeader(channel: "x", started: Date(timeIntervalSince1970: 0)).line
    #expect {
      try Trace(
        lines: text.replacingOccurrences(of: "HEADER\n", with: header), source: "test")
    } throws: { "\($0)".contains(words) }
  }

  @Test("takes keys of later versions, and a start without fractions")
  func laterVersions() throws {
    let text = """
      {"softdna-trace":1,"channel":"x","started":"2026-01-01T00:00:00Z","host":"y"}
      {"time":1,"command":"00A40000","response":"9000","colour":"red"}
      """
    #expect(try Trace(lines: text, source: "test").entries.count == 1)
  }

  @Test(
    "leaves out the secrets of a command, and nothing else",
    arguments: [
      ("002000100831323334353637 38", "00200010080000000000000000"),
      ("0C20001003313233", "0C20001003000000"),
      ("002000100000033132 33", "00200010000003000000"),
      // Lengths that contradict each other hide nothing.
      ("0020001009313233", "0020001009000000"),
      ("00200010", "00200010"), ("0020001000", "0020001000"),
      ("0024001010" + String(repeating: "31", count: 16), "0024001010" + zeros(16)),
      ("9024001F10" + String(repeating: "42", count: 16), "9024001F10" + zeros(16)),
      ("002C001010" + String(repeating: "31", count: 16), "002C001010" + zeros(16)),
      ("00DA016E0C830200108F0631323334353600", "00DA016E0C830200108F0600000000000000"),
      // The body of a private key is the number of its bits.
      ("00DA016E0883022001" + "8F020800", "00DA016E08830220018F020800"),
      ("00A40800021100", "00A40800021100"), ("00D600000431323334", "00D600000431323334"),
    ])
  func redaction(command: String, expected: String) throws {
    var redactor = Redactor()
    let bytes = try #require(Hex.bytes(command))
    let (harmless, range) = redactor.redact(bytes)
    #expect(harmless == Hex.bytes(expected))
    #expect((range == nil) == (harmless == bytes))
    #expect(harmless.count == bytes.count)
  }

  @Test("leaves out every part of a PIN that comes in a chain")
  func chains() throws {
    var redactor = Redactor()
    let parts = ["10DA016E06830200108F06", "00DA016E06313233343536"]
    for part in parts {
      let (harmless, range) = redactor.redact(try #require(Hex.bytes(part)))
      #expect(range == 5..<11)
      #expect(harmless[5...].allSatisfy { $0 == 0 })
    }
  }

  @Test("of a whole issue holds no PIN, PUK or transport key; with secrets it does")
  func wholeIssue() throws {
    let secrets =
      [
        RecordedCard.codes.pin, RecordedCard.codes.puk, RecordedCard.codes.signaturePIN,
        RecordedCard.codes.signaturePUK,
      ].map { Hex.text(Array($0.utf8)) } + [Hex.text(RecordedCard.transportKey)]
    let card = try RecordedCard().issued()
    try CardSession(card.channel).verify(0x10, RecordedCard.codes.pin)
    let lines = card.memory.trace.lines
    for secret in secrets { #expect(!lines.contains(secret)) }
    #expect(lines.contains("\"redacted\""))

    let open = try RecordedCard(withSecrets: true).issued()
    for secret in secrets.dropLast() { #expect(open.memory.trace.lines.contains(secret)) }
  }

  @Test("grows in a file that only its owner reads, whole at every moment")
  func writer() throws {
    let folder = try Folder()
    let path = folder.file("a.jsonl")
    let header = TraceHeader(channel: "x", started: Date(timeIntervalSince1970: 5))
    let writer = try TraceWriter(path: path, format: .lines, header: header)
    writer.append(TraceEntry(time: 1, event: .powerOff))
    #expect(try Trace(file: path).entries.count == 1)
    try writer.close()
    let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions]
    #expect(mode as? Int == 0o600)
    #expect(throws: TraceError.self) {
      try TraceWriter(path: folder.file("no/such.jsonl"), format: .lines, header: header)
    }
    // A full disk is told, not lost.
    #expect(throws: TraceError("/dev/full", reason: "cannot be written: No space left on device")) {
      try TraceWriter(path: "/dev/full", format: .lines, header: header)
    }
  }
}

private func zeros(_ count: Int) -> String { String(repeating: "00", count: count) }
