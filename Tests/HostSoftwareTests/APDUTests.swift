import Foundation
import Testing

@Suite("softdna apdu", .runs())
struct APDUTests {
  @Test("says what was sent, what came back, and what both mean")
  func meaning() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      ["apdu", "--state", token.state, "00A4000C023F00", "00 84 00 00 08", "00:a4:08:0c:02:12:34"],
      in: token.folder)
    let lines = outcome.output.split(separator: "\n").map(String.init)
    try #require(lines.count == 7, "\(outcome)")
    #expect(lines[0] == "ATR " + TestChip.current.atr.uppercased().replacing(":", with: " "))
    #expect(lines[1] == "→ 00 A4 00 0C 02 3F 00  SELECT 3F00")
    #expect(lines[2] == "← 9000 success")
    #expect(lines[3] == "→ 00 84 00 00 08  GET CHALLENGE, 8 bytes")
    #expect(lines[4].wholeMatch(of: /← ([0-9A-F]{2} ){8} 9000 success/) != nil, "\(lines[4])")
    #expect(lines[6] == "← 6A82 file or application not found")
    #expect(outcome.status == 1, "a command failed: \(outcome)")
  }

  @Test("reads commands from standard input, writes JSON lines")
  func json() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      ["apdu", "--json", "--state", token.state], in: token.folder,
      input: "00A4080C0410001003\n\n00B0000010\n")
    let answers = try outcome.output.split(separator: "\n").map {
      try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
    }
    #expect(outcome.status == 0 && answers.count == 2, "\(outcome)")
    #expect(answers.last?["status"] == "9000" && answers.last?["data"]?.count == 32, "\(outcome)")
  }

  @Test("reaches a card in a reader", .runsInAWorld())
  func reader() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      [
        "exec", "--state", token.state, "--", Softdna.executable, "apdu", "--reader",
        "Digital DNA Key (softdna) 00 00", "0084000008",
      ], in: token.folder)
    #expect(outcome.status == 0 && outcome.output.contains("9000 success"), "\(outcome)")
  }

  @Test("spends tries like any host: the state stays")
  func wrongPIN() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      ["apdu", "--state", token.state, "00200010083030303030303030"], in: token.folder)
    #expect(outcome.status == 1 && outcome.output.contains("← 63C2"), "\(outcome)")
    let next = try await Softdna.run(
      ["apdu", "--state", token.state, "00200010"], in: token.folder)
    #expect(next.output.contains("← 63C2"), "\(next)")
  }

  @Test("refuses what is no hexadecimal, and two cards or none")
  func usage() async throws {
    let token = try await TestToken()
    for arguments in [
      ["--state", token.state, "00A4000"], ["--state", token.state, "SELECT"], ["0084000008"],
      ["--state", token.state, "--reader", "any", "0084000008"], ["--state", "none", "0084000008"],
      ["--state", token.state, "--unknown"],
    ] {
      let outcome = try await Softdna.run(["apdu"] + arguments, in: token.folder)
      #expect(outcome.status == 2 && !outcome.errors.isEmpty, "\(outcome)")
    }
  }
}

@Suite("The longest answers", .runsInAWorld())
struct LongestAnswerTests {
  @Test("are the same in this process and over vpcd", arguments: [0xFFFD, 0xFFFE, 0xFFFF, 0])
  func channels(le: Int) async throws {
    let token = try await TestToken()
    let challenge = "0084000000" + String(format: "%04X", le)
    let direct = try await Softdna.run(
      ["apdu", "--state", token.state, "--json", challenge, "00C0000003"], in: token.folder)
    let vpcd = try await token.exec(
      "\"$SOFTDNA\" apdu --reader \"$SOFTDNA_READER\" --json \(challenge) 00C0000003")
    #expect(direct.status == vpcd.status, "\(direct.errors)\(vpcd.errors)")
    /// The length of each line, and its status word: the rest is random.
    func shape(_ text: String) -> [String] {
      text.split(separator: "\n").map { line in
        let status = line.firstRange(of: "\"status\":\"").map { line[$0.upperBound...].prefix(4) }
        return "\(line.count) \(status ?? "none")"
      }
    }
    #expect(shape(direct.output).first?.hasSuffix("none") == false)
    #expect(direct.output.count > 130_000)
    #expect(shape(direct.output) == shape(vpcd.output))
  }
}
