import Foundation
import Testing

/// A holder's request as a file, line by line.
enum RequestFile {
  static let lines = [
    "chamber: test", "channel: counter", "device: token", "delivery: immediate", "holder:",
    "  surname: ROSSI TEST", "  name: MARIO", "  codiceFiscale: RSSMRA80A01X999W", "  sex: M",
    "  birthDate: 1980-01-01", "  birthTownshipCode: X999",
    "  birthPlace: CITTA DI PROVA (TEST)", "  citizenship: ITA", "  residenceTownshipCode: X999",
    "  residenceAddress: VIA DELLE PROVE 0", "  eMail: mario.rossi@softdna.invalid",
    #"  phone: "+39 000 0000000""#, "identity:", "  document: identity card",
    "  documentNumber: TEST0001", "  documentExpires: 2030-01-01", "  checkedBy: TEST official",
    "  presenter: holder",
  ]

  /// The request with the first line that starts like one of these replaced by it; an empty value
  /// takes the line away.
  static func text(_ changes: [String], adding further: [String] = []) -> String {
    var lines = lines
    for change in changes {
      let key = change.prefix { $0 != ":" } + ":"
      let value = change.dropFirst(key.count)
      lines = lines.compactMap { $0.hasPrefix(key) ? (value.isEmpty ? nil : change) : $0 }
    }
    return (lines + further).joined(separator: "\n") + "\n"
  }
}

@Suite("softdna authority register, complete and issue --request", .runs())
struct RequestCommandTests {
  @Test(
    "a request is refused by field or rule, and makes no authority",
    arguments: [
      (["  codiceFiscale: RSSMRA80A01X999A"], ["(field codiceFiscale)", "check letter"]),
      (["  codiceFiscale: VRDMRA80A01X999S"], ["(field codiceFiscale)", "surname"]),
      (["  documentNumber: ''"], ["(field identity.documentNumber)", "is missing"]),
      (["  checkedBy: '  '"], ["(field identity.checkedBy)", "is missing"]),
      (["  documentExpires: 2026-05-09"], ["(field identity.documentExpires)", "2026-05-09"]),
      (["  citizenship: CHE"], ["(field residencePermit)", "is missing", "CHE"]),
      (["  presenter: proxy"], ["no proxy"]), (["channel: online"], ["(policy channels)"]),
      (["delivery: home"], ["(field delivery)"]), (["chamber: nowhere"], ["nowhere"]),
    ] as [([String], [String])])
  func requests(changes: [String], words: [String]) async throws {
    let folder = try TemporaryFolder()
    try folder.write(RequestFile.text(changes), to: "request.yaml")
    let outcome = try await Softdna.run(
      ["authority", "register", "--state", "state", "--date", "2026-05-10", "request.yaml"],
      in: folder)
    #expect(outcome.status == 1 && outcome.output.isEmpty, "\(outcome)")
    for word in words { #expect(outcome.errors.contains(word), "\(outcome)") }
    #expect(folder.entries == ["request.yaml"])
  }

  @Test(
    "a file that is no request is refused with its place",
    arguments: [
      (["  documentNumber:"], [], "the key identity.documentNumber is missing"),
      (["  sex: X"], [], "holder.sex"), ([], ["residentPermit: no"], "request.yaml:24:1"),
      (["identity: none"], [], "request.yaml"),
    ] as [([String], [String], String)])
  func files(changes: [String], further: [String], words: String) async throws {
    let folder = try TemporaryFolder()
    try folder.write(RequestFile.text(changes, adding: further), to: "request.yaml")
    let outcome = try await Softdna.run(
      ["authority", "register", "--state", "state", "request.yaml"], in: folder)
    #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    #expect(outcome.errors.contains(words), "\(outcome)")
    #expect(folder.entries == ["request.yaml"])
  }

  @Test("a deposited request waits for its documents; an accepted one is issued once")
  func deposited() async throws {
    let folder = try TemporaryFolder()
    try folder.write(
      RequestFile.text(
        ["  citizenship: CHE"],
        adding: [
          "residencePermit:", "  expires: 2026-02-01", "  copyShown: true",
          "  renewalRequestShown: true",
        ]), to: "request.yaml")
    func run(_ arguments: String...) async throws -> Outcome {
      try await Softdna.run(arguments + ["--state", "state", "--date", "2026-05-10"], in: folder)
    }
    let registered = try await run("authority", "register", "request.yaml")
    #expect(registered.status == 0 && registered.output.contains("deposited"), "\(registered)")
    #expect(registered.output.contains("missing: proof that the renewal"), "\(registered)")
    let early = try await run("issue", "--request", "1")
    #expect(early.status == 1 && early.errors.contains("deposited"), "\(early)")
    #expect(!folder.exists("state/token.nv") && !folder.exists("state/scratch-card.json"))
    let completed = try await run(
      "authority", "complete", "1", "--permit-expires", "2026-02-01", "--renewal-request",
      "--proof", "convocation")
    #expect(completed.status == 0 && completed.output.contains("accepted"), "\(completed)")
    let again = try await run("authority", "complete", "1", "--permit-expires", "2026-02-01")
    #expect(again.status == 1 && again.errors.contains("accepted"), "\(again)")
    let none = try await run("issue", "--request", "2")
    #expect(none.status == 1 && none.errors.contains("no request 2"), "\(none)")
    let both = try await run("issue", "--request", "1", "--device", "token")
    #expect(both.status == 2 && both.errors.contains("--request"), "\(both)")
    let issued = try await run("issue", "--request", "1")
    #expect(issued.status == 0 && issued.output.contains("RSSMRA80A01X999W"), "\(issued)")
    let listed = try await run("authority", "requests")
    #expect(listed.output.contains("request 1 of RSSMRA80A01X999W at test"), "\(listed)")
  }
}
