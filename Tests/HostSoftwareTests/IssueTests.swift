import Foundation
import Testing

/// The scratch card as it lies in the state directory.
struct ScratchCodes: Codable, Equatable {
  let pinCNS: String
  let pukCNS: String
  let pinSignature: String
  let pukSignature: String
  let userCode: String
}

extension TestToken {
  func codes() throws -> ScratchCodes {
    try JSONDecoder().decode(
      ScratchCodes.self, from: try folder.bytes(of: "state/scratch-card.json"))
  }

  /// The bytes of both certificates, read without a reader.
  func certificates() async throws -> [String] {
    let files = ["00A4080C0411001101", "00A4080C0414009010"]
    let chunks = (0..<8).map { String(format: "00B0%04X00", $0 * 256) }
    var certificates: [String] = []
    for file in files {
      let outcome = try await Softdna.run(
        ["apdu", "--json", "--state", state, file] + chunks, in: folder)
      let answers = try outcome.output.split(separator: "\n").dropFirst().map {
        try JSONDecoder().decode([String: String].self, from: Data($0.utf8))
      }
      certificates.append(answers.compactMap { $0["data"] }.joined())
    }
    return certificates
  }
}

@Suite("softdna issue", .runs())
struct IssueTests {
  @Test("leaves a token that is there alone")
  func secondIssue() async throws {
    let token = try await TestToken()
    let files = ["token.nv", "authority.sqlite", "scratch-card.json", "ca/chain.pem"]
    let before = try files.map { try token.folder.bytes(of: "state/" + $0) }
    let outcome = try await Softdna.run(
      ["issue", "--state", token.state, "--seed", "2"], in: token.folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.errors.contains("there is a token in"), "\(outcome)")
    let after = try files.map { try token.folder.bytes(of: "state/" + $0) }
    for (file, (old, new)) in zip(files, zip(before, after)) {
      #expect(old == new, "\(file) changed")
    }
  }

  @Test("of several at once one issues a whole token, the others leave it alone")
  func concurrent() async throws {
    let folder = try TemporaryFolder()
    let outcomes = try await withThrowingTaskGroup(of: Outcome.self) { group in
      for _ in 0..<3 {
        group.addTask { try await Softdna.run(["issue", "--state", "a/state"], in: folder) }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(outcomes.map(\.status).sorted() == [0, 2, 2], "\(outcomes)")
    for loser in outcomes where loser.status == 2 {
      #expect(loser.errors.contains("there is a token in"), "\(loser)")
    }
    let shown = try await Softdna.run(["authority", "show", "--state", "a/state"], in: folder)
    #expect(shown.output.contains(", active"), "\(shown)")
    let names = try FileManager.default.contentsOfDirectory(atPath: folder.path("a/state"))
    #expect(Set(names) == ["authority.sqlite", "ca", "scratch-card.json", "token.nv"])
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder.path("a")) == ["state"])
  }

  @Test("a directory that cannot be is named", arguments: ["", "file", "file/state", "nowhere"])
  func impossibleDirectory(name: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write("", to: "file")
    try FileManager.default.createSymbolicLink(
      atPath: folder.path("nowhere"), withDestinationPath: "none")
    let outcome = try await Softdna.run(["issue", "--state", name], in: folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(
      outcome.errors.hasPrefix(
        "softdna: " + (name.isEmpty ? "the name of the state directory is empty" : name)),
      "\(outcome)")
  }

  @Test("makes the same token of the same seed and day")
  func seed() async throws {
    let one = try await TestToken(.current, "--seed", "5", "--date", "2026-03-02")
    let same = try await TestToken(.current, "--seed", "5", "--date", "2026-03-02")
    let other = try await TestToken(.current, "--seed", "6", "--date", "2026-03-02")
    let certificates = try await one.certificates()
    #expect(certificates.allSatisfy { $0.hasPrefix("3082") })
    #expect(try await same.certificates() == certificates)
    #expect(try same.codes() == one.codes())
    for file in ["root.pem", "a-cns.pem", "a-qualified.pem", "root.key.pem"] {
      #expect(
        try same.folder.bytes(of: "state/ca/" + file) == one.folder.bytes(of: "state/ca/" + file))
    }
    #expect(try await other.certificates() != certificates)
    #expect(try other.codes() != one.codes())
  }

  @Test("makes another token each time without a seed")
  func noSeed() async throws {
    let folder = try TemporaryFolder()
    var cards: [String] = []
    for name in ["one", "other"] {
      let outcome = try await Softdna.run(["issue", "--state", name], in: folder)
      #expect(outcome.status == 0, "\(outcome)")
      cards.append(try folder.text(of: name + "/scratch-card.json"))
    }
    #expect(cards[0] != cards[1])
  }

  @Test("keeps secrets from other users")
  func modes() async throws {
    let token = try await TestToken()
    for (name, mode) in [
      ("", 0o700), ("/scratch-card.json", 0o600), ("/token.nv", 0o600),
      ("/authority.sqlite", 0o600), ("/ca/root.key.pem", 0o600), ("/ca/a-cns.key.pem", 0o600),
      ("/ca/a-qualified.key.pem", 0o600),
    ] {
      let attributes = try FileManager.default.attributesOfItem(atPath: token.state + name)
      #expect(attributes[.posixPermissions] as? Int == mode, "\(name)")
    }
  }

  @Test("prints the scratch card, and as JSON")
  func scratchCard() async throws {
    let folder = try TemporaryFolder()
    let text = try await Softdna.run(["issue", "--state", "text", "--seed", "1"], in: folder)
    let json = try await Softdna.run(
      ["issue", "--state", "json", "--seed", "1", "--json"], in: folder)
    struct Printed: Decodable {
      let scratchCard: ScratchCodes
      let cardNumber: String
    }
    let printed = try JSONDecoder().decode(Printed.self, from: Data(json.output.utf8))
    let card = printed.scratchCard
    for code in [
      card.pinCNS, card.pukCNS, card.pinSignature, card.pukSignature, card.userCode,
      printed.cardNumber,
    ] {
      #expect(text.output.contains(code), "\(text)")
    }
    #expect([card.pinCNS, card.pukCNS, card.pinSignature].allSatisfy { $0.count == 8 })
    #expect(json.errors.isEmpty, "\(json)")
  }

  @Test(
    "interrupted by a power cut, succeeds the next time",
    arguments: stride(from: 10, to: 700, by: 60).map { $0 })
  func powerCut(milliseconds: Int) async throws {
    let folder = try TemporaryFolder()
    let issue = ["issue", "--state", "state"]
    let cut = try await Softdna.run(issue, in: folder) { running in
      try await Task.sleep(for: .milliseconds(milliseconds))
      try? running.send(SIGKILL, false)
    }
    let next = try await Softdna.run(issue, in: folder)
    if next.status == 2 {
      // The token was whole already; whether the program could still say so or not.
      #expect(next.errors.contains("there is a token in"), "\(next)")
    } else {
      #expect(cut.status == -SIGKILL && next.status == 0, "\(cut)\n\(next)")
    }
    let card = try await Softdna.run(
      ["apdu", "--state", "state", "00A4080C0414009010", "00B0000004"], in: folder)
    #expect(card.status == 0 && card.output.contains("← 30 82"), "\(card)")
    let third = try await Softdna.run(issue, in: folder)
    #expect(third.status == 2, "\(third)")
  }
}
