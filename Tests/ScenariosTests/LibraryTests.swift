import Foundation
import Scenarios
import Testing

/// The shipped library, run by the command that ships with it.
@Suite(.serialized) struct LibraryTests {
  private func results(of arguments: [String]) throws -> (Tool, [ScenarioReport]) {
    let file = try Files.scratch() + "/results.json"
    let run = try Tool.softdna(["run", Files.library, "--json", file] + arguments)
    let text = (try? String(contentsOfFile: file, encoding: .utf8)) ?? ""
    return (run, try JSONReport.read(text, file: file))
  }

  @Test func `every scenario passes, with the same transcript over PC and SC as without`() throws {
    let (direct, inProcess) = try results(of: [])
    #expect(direct.status == 0, "\(direct.output)")
    #expect(inProcess.count >= 60)
    let (pcsc, overReader) = try results(of: ["--over", "pcsc"])
    #expect(pcsc.status == 0, "\(pcsc.output)")
    #expect(inProcess.map(\.scenario) == overReader.map(\.scenario))
    #expect(inProcess.map(\.transcript) == overReader.map(\.transcript))
  }

  @Test func `the card's suite sends every instruction in every state of its life`() throws {
    let card = try Tool.softdna("run", Files.library + "/card", "--coverage")
    #expect(card.status == 0, "\(card.output)")
    let missing = card.output.components(separatedBy: "what no scenario reaches:").last ?? ""
    #expect(missing.contains("status words never seen"), "\(card.output)")
    #expect(!missing.contains("never sent"), "\(missing)")
  }

  @Test func `shards are parts that make the whole`() throws {
    let whole = try Tool.softdna("run", "--check", Files.library)
    #expect(whole.status == 0)
    var names: [String] = []
    for index in 1...3 {
      let (run, part) = try results(
        of: ["--filter", "pin/", "--shard", "\(index)/3"])
      #expect(run.status == 0, "\(run.output)")
      names += part.map(\.scenario)
    }
    let (_, all) = try results(of: ["--filter", "pin/"])
    #expect(names.sorted() == all.map(\.scenario).sorted())
  }

  @Test func `a scenario that fails tells where, what came, and how to see it again`() throws {
    let folder = try Files.scratch()
    let file = folder + "/fails.yaml"
    try """
    name: Fails
    for-each: { chip: [jsign3] }
    chip: "${chip}"
    seed: 4711
    steps:
      - issue
      - verify: { pin: "00000000", expect: 9000 }
      - verify
    """.write(toFile: file, atomically: true, encoding: .utf8)
    let run = try Tool.softdna("run", file, "--artifacts", folder + "/artifacts")
    #expect(run.status == 1)
    #expect(run.output.contains("\(file):7:5: expected 9000, the card answered 63C2"))
    #expect(run.output.contains("VERIFY PIN (CNS) ← 63C2 not verified; 2 tries left"))
    #expect(
      run.output.contains(
        "softdna run '\(file)' --filter '[chip=jsign3]' --over direct --seed 4711 --steps"))
    let left = try FileManager.default.contentsOfDirectory(
      atPath: folder + "/artifacts/fails-chip-jsign3-direct")
    #expect(
      Set(["transcript.json", "authority.sqlite", "token.nv", "trace.pcap", "again.sh"])
        .isSubset(of: left))
    let leavings = folder + "/artifacts/fails-chip-jsign3-direct"
    // Each is what it says: the image of the token with a try gone, its books, a capture, a command.
    let inspection = try Tool.softdna("apdu", "--volatile", "--state", leavings, "00200010")
    #expect(inspection.output.contains("63C2"), "\(inspection.output)")
    let packets = try Tool(
      ["tshark", "-r", leavings + "/trace.pcap", "-Y", "iso7816.apdu.ins == 0x20"])
    #expect(packets.status == 0 && !packets.output.isEmpty, "\(packets.output)")
    let again = try String(contentsOfFile: leavings + "/again.sh", encoding: .utf8)
    #expect(run.output.contains(again.split(separator: "\n").last ?? "-"))
    // With the memory in a file the card says the same.
    let plain = try Tool.softdna("run", file)
    #expect(hash(in: plain.output) != nil)
    #expect(hash(in: plain.output) == hash(in: run.output))
  }

  @Test func `usage and environment end with 2`() throws {
    #expect(try Tool.softdna("run").status == 2)
    #expect(try Tool.softdna("run", "/nowhere").status == 2)
    #expect(try Tool.softdna("run", Files.library, "--shard", "4/3").status == 2)
    #expect(try Tool.softdna("run", Files.library, "--tag", "no-such-tag").status == 2)
    #expect(try Tool.softdna("run", Files.library, "--jobs", "0").status == 2)
  }

  private func hash(in output: String) -> Substring? {
    output.firstRange(of: "transcript ").map { output[$0.upperBound...].prefix(12) }
  }
}
