import Foundation
import ISO7816
import Terminal
import Testing

@testable import Traces

/// The samples are one session, logged by three programs at once: opensc-tool 0.23 sent it through
/// pcsc-spy to pcscd 1.9.9.
@Suite("Importing logs") struct ImportTests {
  @Test("reads the same session out of three programs' logs", arguments: ImportedLog.allCases)
  func samples(_ log: ImportedLog) throws {
    let trace = try log.trace(of: try sample("\(log.rawValue).log"), source: "sample")
    let exchanges = trace.entries.compactMap { entry in
      if case .exchange(let exchange, _) = entry.event { exchange } else { nil }
    }
    #expect(
      exchanges.map { Hex.text($0.command) } == [
        "00A408000410001003", "00B0000010", "00D600000430303030",
        // The PIN in the log is not in the trace.
        "00200010080000000000000000", "0084000008", "00A4040005A000000308",
      ])
    #expect(
      exchanges.map { Hex.text($0.response) } == [
        "6120", "363039393939393330383136343131329000", "6982", "63C2", "701C4E7F8D97C4419000",
        "6A82",
      ])
    #expect(trace.entries.map(\.time) == trace.entries.map(\.time).sorted())
    #expect(try Trace(lines: trace.lines, source: "again") == trace)
    let refusals = Explainer.explain(trace).compactMap(\.refusal)
    #expect(refusals.first == "EF_IDCarta: UPDATE is never allowed")
  }

  @Test("keeps PINs where it is asked to")
  func secrets() throws {
    let text = try sample("pcscd.log")
    let trace = try ImportedLog.pcscd.trace(of: text, withSecrets: true, source: "sample")
    #expect(trace.lines.contains("002000100833303030FFFFFFFF"))
  }

  @Test("of three logs makes traces that tell the same")
  func agree() throws {
    let traces = try ImportedLog.allCases.map {
      try $0.trace(of: try sample("\($0.rawValue).log"), source: "sample")
    }
    let (pcscd, spy, opensc) = (traces[0], traces[1], traces[2])
    #expect(TraceComparison(spy, opensc).isEmpty)
    // pcscd tells the ATR with --debug only.
    let differences = TraceComparison(pcscd, spy).differences
    #expect(differences.map(\.request) == ["reset"])
  }

  @Test("reads colours, a debug log's ATR, a command without an answer and two lines of bytes")
  func variants() throws {
    let pcscd = """
      00000001 \u{1B}[35mwinscard.c:1() Card ATR: 3B 00\u{1B}[0m
      00000010 \u{1B}[01;34mAPDU: 00 84 00 00 08 \u{1B}[0m
      00000020 APDU: 00 A4 00 00 \r
      00000005 SW: 90 00
      """
    let trace = try ImportedLog.pcscd.trace(of: pcscd, source: "text")
    #expect(trace.entries.map(\.time) == [0, 10, 30])
    #expect(trace.entries[0].event == .powerOn(ATR([0x3B, 0x00])))
    if case .failure(let command, _, _) = trace.entries[1].event {
      #expect(command == [0x00, 0x84, 0x00, 0x00, 0x08])
    } else {
      Issue.record("a command without an answer is a failure")
    }

    let opensc = """
      Outgoing APDU (17 bytes):
      00 A4 04 00 0B E8 2B 06 01 04 01 81 C3 1F 02 01 ......+.........
      00                                              .
      Incoming APDU (2 bytes):
      6A 82 j.
      """
    let other = try ImportedLog.opensc.trace(of: opensc, source: "text")
    #expect(other.lines.contains("00A404000BE82B0601040181C31F020100"))
  }

  @Test(
    "refuses what is no such log",
    arguments: ImportedLog.allCases)
  func refusals(_ log: ImportedLog) {
    #expect(throws: TraceError.self) { try log.trace(of: "", source: "x") }
    #expect(throws: TraceError.self) { try log.trace(of: "hello\nworld\n", source: "x") }
  }

  @Test("never traps on a damaged log", arguments: ImportedLog.allCases)
  func damaged(_ log: ImportedLog) throws {
    let bytes = Array(try sample("\(log.rawValue).log").utf8)
    for cut in stride(from: 0, to: bytes.count, by: max(1, bytes.count / 20)) {
      var damaged = Array(bytes[..<cut])
      _ = try? log.trace(of: String(decoding: damaged, as: UTF8.self), source: "cut")
      damaged = bytes
      damaged[cut] ^= 0x15
      _ = try? log.trace(of: String(decoding: damaged, as: UTF8.self), source: "changed")
    }
  }
}
