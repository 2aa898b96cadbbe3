import Foundation
import Testing

/// What `softdna run --traces` leaves, as `softdna trace` takes it.
@Suite("softdna run --traces", .runsInAWorld())
struct RunTracesTests {
  private static let scenario = """
    name: A comparable life
    seed: 77
    steps:
      - issue
      - verify: { pin: "00000000", expect: 63C2 }
      - remove
      - insert
      - verify
      - host: { run: opensc-tool --reader 0 --atr }
      - sign: { key: cns, verify: no, expect: 6982 }
      - verify: { key: signature }
      - sign: { key: signature }

    """

  @Test("is the same over PC/SC as in-process, and one other answer is one difference")
  func channels() async throws {
    let folder = try TemporaryFolder()
    try folder.write(Self.scenario, to: "life.yaml")
    for channel in ["direct", "pcsc"] {
      let run = try await Softdna.run(
        ["run", "life.yaml", "--over", channel, "--traces", "traces"], in: folder)
      #expect(run.status == 0, "\(run)")
    }
    let (direct, pcsc) = (
      "traces/a-comparable-life-direct.jsonl", "traces/a-comparable-life-pcsc.jsonl"
    )
    for extent in [[], ["--exact"]] {
      let same = try await Softdna.run(["trace", "diff", direct, pcsc] + extent, in: folder)
      #expect(same.status == 0 && same.output.hasPrefix("the same in "), "\(same)")
    }
    var lines = try folder.text(of: pcsc).components(separatedBy: "\n")
    let last = try #require(lines.lastIndex { $0.contains("\"command\":\"002A9E9A") })
    lines[last].replace(#/"response":"[0-9A-F]+"/#, with: "\"response\":\"6982\"")
    try folder.write(lines.joined(separator: "\n"), to: "changed.jsonl")
    let other = try await Softdna.run(["trace", "diff", direct, "changed.jsonl"], in: folder)
    #expect(other.status == 1 && other.output.contains("1 difference in "), "\(other)")
    // Host software had the card in between: the decoder knows that nobody is verified after it.
    let refused = try await Softdna.run(["trace", "decode", "--refused", direct], in: folder)
    #expect(refused.output.contains("it was not verified since the last reset"), "\(refused)")
    // The scratch card's codes stay with the scenario.
    let text = try folder.text(of: direct)
    #expect(text.contains("\"redacted\"") && !text.contains("002000100830303030"))
  }
}
