import Foundation
import ISO7816
import Terminal
import Testing

@testable import Traces

@Suite("Traces that somebody has made up") struct TraceLimitTests {
  private static let header =
    "{\"softdna-trace\":1,\"channel\":\"x\",\"started\":\"2026-01-01T00:00:00Z\"}\n"

  @Test(
    "with what no trace has are refused, and the line is named",
    arguments: [
      "{\"time\":-1,\"event\":\"powerOff\"}",
      "{\"time\":9223372036854775807,\"event\":\"powerOff\"}",
      "{\"time\":1,\"duration\":-5,\"event\":\"powerOff\"}",
      "{\"time\":1e300,\"event\":\"powerOff\"}",
      "{\"time\":99999999999999999999,\"event\":\"powerOff\"}",
      "{\"time\":NaN,\"event\":\"powerOff\"}",
      "{\"time\":1.5,\"event\":\"powerOff\"}", "{\"time\":\"1\",\"event\":\"powerOff\"}",
      "{\"time\":1,\"event\":\"powerOn\",\"atr\":\"\(String(repeating: "3B", count: 34))\"}",
      "{\"time\":1,\"event\":\"powerOn\",\"atr\":\"3\"}",
      "{\"time\":1,\"command\":\"\(String(repeating: "00", count: 65_545))\",\"response\":\"9000\"}",
      "{\"time\":1,\"x\":\(String(repeating: "[", count: 500_000))",
      "{\"time\":1,\"event\":\"powerOff\"}}", "{\"time\":1,\"event\":\"powerOff\"", "[]", "null",
      "{",
      "{\"time\":1,\"event\":\"power\u{1}Off\"}", "{\"time\":1,\"event\":\"\\ud800\"}",
      String(repeating: " ", count: 1 << 21),
    ])
  func refused(line: String) {
    let error = #expect(throws: TraceError.self) {
      try Trace(lines: Self.header + line, source: "test")
    }
    #expect(error?.line == 2)
    // A line may hold a PIN.
    #expect((error?.reason.count ?? 0) < 200)
  }

  @Test("are read as any JSON is")
  func json() throws {
    let lines =
      Self.header
        + """
         { "time" : 1.0e1 , "new" : {"a":[1,-2.5e3,{"b":null}],"c":"\\u00e9\\ud83d\\ude00\\/"} ,
        """.replacingOccurrences(of: "\n", with: "")
      + " \"event\" : \"failure\", \"duration\":null, \"reason\":\"\\\"\\n\\u0041\"}\n\n"
      + "{\"time\":3,\"redacted\":[9,5],\"command\":\"00 a4\",\"response\":\"9000\"}\r\n"
    let trace = try Trace(lines: lines, source: "test")
    #expect(
      trace.entries == [
        TraceEntry(time: 10, event: .failure(command: [], redacted: nil, reason: "\"\nA")),
        TraceEntry(
          time: 3,
          event: .exchange(Exchange(command: [0, 0xA4], response: [0x90, 0]), redacted: nil)),
      ])
  }

  @Test(
    "of any time become captures",
    arguments: [
      "1969-12-31T23:59:59.000Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z",
      "2106-02-07T06:28:16Z",
    ])
  func captures(started: String) throws {
    let text = """
      {"softdna-trace":1,"channel":"pcsc","started":"\(started)"}
      {"time":1,"duration":1,"command":"0084000008","response":"00112233445566779000"}
      {"time":9007199254740992,"duration":9007199254740992,"command":"00","response":"9000"}
      """
    let bytes = PcapFormat.bytes(of: try Trace(lines: text, source: "test"))
    // The first packet's time: microseconds from the trace's beginning.
    #expect(bytes[24..<32].elementsEqual([0, 0, 0, 0, 0, 0, 0, 1]))
  }

  @Test("are followed by a decoder whose memory and time have an end")
  func hostileCard() throws {
    var explainer = Explainer()
    let part = [0x10, 0xDA, 0x01, 0x6E, 0xFF] + [UInt8](repeating: 0x83, count: 255)
    let path = [0x00, 0xA4, 0x08, 0x00, 0x00, 0x40, 0x00] + [UInt8](repeating: 0x11, count: 0x4000)
    let start = ContinuousClock.now
    for round in 0..<4000 {
      let exchange: Exchange
      switch round % 4 {
      case 0, 1: exchange = Exchange(command: part, response: [0x90, 0x00])
      case 2:
        exchange = Exchange(
          command: [0x00, 0xC0, 0x00, 0x00, 0x00],
          response: [UInt8](repeating: UInt8(truncatingIfNeeded: round), count: 256) + [0x61, 0x00])
      default:
        guard round % 100 == 3 else { continue }
        exchange = Exchange(
          command: path, response: [0x6F, 0x84, 0x80, 0x84, 0xFF] + [0x90, 0x00])
      }
      let entry = TraceEntry(time: round, event: .exchange(exchange, redacted: nil))
      #expect(!explainer.explain(entry).title.isEmpty)
    }
    #expect(ContinuousClock.now - start < .seconds(60))
  }

  @Test("of one line without an end, of blanks or of bytes, take the time their length asks for")
  func linear() throws {
    let blanks = String(repeating: " ", count: 4_000_000)
    for text in [blanks, "APDU: " + blanks, String(repeating: "00 ", count: 2_000_000)] {
      for log in ImportedLog.allCases {
        let start = ContinuousClock.now
        _ = try? log.trace(of: text + "\n" + text, source: "x")
        #expect(ContinuousClock.now - start < .seconds(20))
      }
    }
  }
}
