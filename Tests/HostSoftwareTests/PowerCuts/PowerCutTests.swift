import Foundation
import Testing

/// Power goes at every moment of an operation, on a disk that keeps only what was waited for.
@Suite("A power cut on the host", .runs(.strace, .python), .timeLimit(.minutes(5)))
struct PowerCutTests {
  /// An operation on a state directory, recorded from the first call to the last.
  private struct Story {
    let before: WorstDisk.State
    let recording: Recording

    /// Every state that a power cut can leave from the acknowledgement on.
    var acknowledged: [WorstDisk.State] {
      var disk = WorstDisk(before)
      var states: [WorstDisk.State] = []
      var hasPromised = false
      for action in recording.actions {
        disk.perform(action)
        if case .acknowledge = action { hasPromised = true }
        if hasPromised { states += WorstDisk.Luck.allCases.map { disk.afterPowerCut($0) } }
      }
      return states
    }

    /// Of every state before that, one of each shape: which files there are, and which are empty.
    var interrupted: [WorstDisk.State] {
      var disk = WorstDisk(before)
      var states: [[String: Bool]: WorstDisk.State] = [:]
      for action in recording.actions {
        guard !action.isAcknowledgement else { break }
        disk.perform(action)
        for luck in WorstDisk.Luck.allCases {
          let state = disk.afterPowerCut(luck)
          // The last of a shape has gone furthest.
          states[Self.shape(state)] = state
        }
      }
      return states.keys.sorted { $0.count < $1.count }.compactMap { states[$0] }
    }

    /// Temporary names are chosen at random.
    private static func shape(_ state: WorstDisk.State) -> [String: Bool] {
      Dictionary(
        state.map { path, contents in
          (
            path.replacing(/\.softdna-[0-9a-f]+/, with: "unfinished"),
            contents.map { !$0.isEmpty } ?? true
          )
        }, uniquingKeysWith: { $0 || $1 })
    }
  }

  private let folder: TemporaryFolder
  private var state: String { folder.path("state") }

  init() throws { folder = try TemporaryFolder() }

  private func record(_ arguments: [String], of path: String? = nil) async throws -> Story {
    let root = path ?? folder.path
    let before = path.map { WorstDisk.state(of: $0) } ?? [:]
    let recording = try await Recording.of(arguments, root: root, in: folder)
    try #require(recording.outcome.status == 0, "\(recording.outcome)")
    return Story(before: before, recording: recording)
  }

  /// Puts a state in the state directory's place.
  private func restore(_ tree: WorstDisk.State, under prefix: String = "") throws {
    try? FileManager.default.removeItem(atPath: state)
    if !prefix.isEmpty {
      try FileManager.default.createDirectory(atPath: state, withIntermediateDirectories: false)
    }
    for (path, contents) in tree.sorted(by: { $0.key < $1.key }) {
      let target = folder.path(prefix + path)
      guard target == state || target.hasPrefix(state + "/") else { continue }
      if let contents {
        try Data(contents).write(to: URL(fileURLWithPath: target))
      } else {
        try FileManager.default.createDirectory(
          atPath: target, withIntermediateDirectories: true)
      }
    }
  }

  /// Codes of the scratch card that work on the token, certificates that the chain vouches for, books
  /// that say the same.
  private func expectWhole(_ what: String) async throws {
    let books = Books(folder: folder, state: state)
    try await books.expectSound()
    let card = try? JSONDecoder().decode(
      ScratchCodes.self, from: try folder.bytes(of: "state/scratch-card.json"))
    let code = try #require(card, "\(what)").pinCNS.utf8.map { String(format: "%02X", $0) }
    let verified = try await Softdna.run(
      ["apdu", "--state", state, "0020001008" + code.joined()], in: folder)
    #expect(verified.status == 0, "\(what): \(verified)")
    let shown = try await Softdna.run(["authority", "show", "--state", state], in: folder)
    #expect(shown.output.contains(", active"), "\(what): \(shown)")
    let certified = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        "$SOFTDNA" apdu --json --state state 00A4080C0411001101 00B0000000 00B0010000 00B0020000 \\
          00B0030000 00B0040000 00B0050000 00B0060000 00B0070000 \\
          | python3 -c 'import json, sys
        lines = [json.loads(l) for l in sys.stdin][1:]
        sys.stdout.buffer.write(bytes.fromhex("".join(l["data"] for l in lines)))' > cns.der
        openssl x509 -inform DER -in cns.der -out cns.pem
        openssl verify -no_check_time -CAfile state/ca/chain.pem cns.pem
        """,
      ], environment: Softdna.environment(in: folder), folder: folder.path)
    #expect(certified.status == 0, "\(what): \(certified)")
  }

  @Test("after issue said so, the token, its scratch card, books and keys are there")
  func issue() async throws {
    let story = try await record(["issue", "--state", state])
    let states = Set(story.acknowledged.map(Fingerprint.init))
    #expect(!states.isEmpty)
    for state in states {
      try restore(state.state)
      try await expectWhole("acknowledged")
    }
    // The card is durable before it can be used: no state has one without the other.
    for state in story.interrupted {
      try restore(state)
      let again = try await Softdna.run(["issue", "--state", self.state], in: folder)
      #expect(
        again.status == 0 || again.errors.contains("there is a token in"),
        "\(state.keys.sorted()): \(again)")
      try await expectWhole("\(state.keys.sorted())")
    }
  }

  @Test("a program that did not wait for the scratch card would be found out")
  func forgetful() async throws {
    let story = try await record(["issue", "--state", state])
    var temporary: String?
    for case .rename(let old, "state/scratch-card.json") in story.recording.actions {
      temporary = old
    }
    let card = try #require(temporary)
    let forgetful = Story(
      before: story.before, recording: story.recording.leavingOut { $0 == card })
    let empty = forgetful.acknowledged.filter { $0["state/scratch-card.json"] == .some([]) }
    #expect(!empty.isEmpty)
    #expect(!story.acknowledged.contains { $0["state/scratch-card.json"] == .some([]) })
  }

  @Test(
    "renew and replace are there when they said so, and can be run again before",
    arguments: [
      ["renew", "--date", "2029-02-10"], ["replace", "--date", "2026-05-10", "--reason", "defect"],
    ])
  func life(operation: [String]) async throws {
    let issued = try await Softdna.run(
      ["issue", "--state", state, "--date", "2026-03-02", "--seed", "1"], in: folder)
    try #require(issued.status == 0, "\(issued)")
    let books = Books(folder: folder, state: state)
    let old = try await books.rows("SELECT cardNumber FROM device")[0]
    let command =
      ["authority", operation[0], "--state", state] + operation.dropFirst()
      + (operation[0] == "replace" ? ["--card", old] : [])
    let story = try await record(command, of: state)
    let states = Set(story.acknowledged.map(Fingerprint.init))
    #expect(!states.isEmpty)
    for state in states {
      try restore(state.state, under: "state/")
      try await expectWhole("acknowledged \(operation[0])")
      let rows = try await books.rows(
        operation[0] == "renew"
          ? "SELECT COUNT(*) FROM device WHERE renewals = 1"
          : "SELECT COUNT(*) FROM device WHERE replaces IS NOT NULL")
      #expect(rows == ["1"])
    }
    for state in story.interrupted {
      try restore(state, under: "state/")
      let again = try await Softdna.run(command, in: folder)
      #expect(
        again.status == 0 || again.errors.contains("renewed once")
          || again.errors.contains("replaced already"), "\(state.keys.sorted()): \(again)")
      try await expectWhole("\(operation[0]) after \(state.keys.sorted())")
    }
  }

  @Test("lists, reports and snapshots are on the disk, whole, when they were told")
  func results() async throws {
    let issued = try await Softdna.run(["issue", "--state", state, "--seed", "1"], in: folder)
    try #require(issued.status == 0, "\(issued)")
    try folder.write(
      "name: a\nsteps: [{ advance-clock: { days: 1 } }]\n", to: "a.yaml")
    let out = folder.path("out")
    try FileManager.default.createDirectory(atPath: out, withIntermediateDirectories: false)
    // A report is promised by the end of the run: its summary is printed before.
    let report = try await record(
      [
        "run", folder.path("a.yaml"), "--html", out + "/r.html", "--junit", out + "/r.xml",
        "--traces", out + "/traces",
      ], of: out)
    try expectKept(report, ["r.html", "r.xml", "traces/a-direct.jsonl"])
    let lists = try await record(
      ["authority", "crl", "--state", state, "--output", out + "/crl"], of: out)
    try expectKept(lists, ["crl/root.crl", "crl/a-cns.crl", "crl/a-cns-delta.crl"])
    let snapshot = try await record(
      ["exec", "--state", state, "--", Softdna.executable, "ctl", "snapshot", "one"], of: state)
    try expectKept(snapshot, ["snapshots/one.nv"])
  }

  /// When the program has ended, the worst disk has what the best one has.
  private func expectKept(_ story: Story, _ names: [String]) throws {
    var disk = WorstDisk(story.before)
    for action in story.recording.actions { disk.perform(action) }
    let (worst, best) = (disk.afterPowerCut(.none), disk.afterPowerCut(.all))
    for name in names {
      let contents = try #require(best[name] ?? nil, "\(name)")
      #expect(!contents.isEmpty && worst[name] == .some(contents), "\(name)")
    }
  }

  /// States that are equal are checked once.
  private struct Fingerprint: Hashable {
    let state: WorstDisk.State
    init(_ state: WorstDisk.State) { self.state = state }
  }
}
