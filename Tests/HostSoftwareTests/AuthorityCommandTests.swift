import Foundation
import Testing

@Suite("softdna authority", .runs(.python, .openssl))
struct AuthorityCommandTests {
  /// A token of 2 March 2026 and one subcommand after the other.
  private struct Desk: Sendable {
    let token: TestToken

    init() async throws { token = try await TestToken(.current, "--date", "2026-03-02") }

    func run(_ command: String, on day: String = "2026-05-10", _ arguments: String...) async throws
      -> Outcome
    {
      try await Softdna.run(
        ["authority", command, "--state", token.state, "--date", day] + arguments,
        in: token.folder)
    }

    /// Refused: exit status 1, nothing on standard output, these words, and nothing written.
    func expectRefusal(
      _ outcome: @autoclosure () async throws -> Outcome, _ words: [String],
      _ location: SourceLocation = #_sourceLocation
    ) async throws {
      let books = try await token.books.dump()
      let image = try token.folder.bytes(of: "state/token.nv")
      let refused = try await outcome()
      #expect(refused.status == 1, "\(refused)", sourceLocation: location)
      #expect(refused.output.isEmpty, "\(refused)", sourceLocation: location)
      for word in words {
        #expect(refused.errors.contains(word), "\(word) in \(refused)", sourceLocation: location)
      }
      #expect(try await token.books.dump() == books, sourceLocation: location)
      #expect(try token.folder.bytes(of: "state/token.nv") == image, sourceLocation: location)
    }

    func status(on day: String = "2026-05-10") async throws -> String {
      struct Shown: Decodable { let status: String }
      let shown = try await run("show", on: day, "--json")
      return try JSONDecoder().decode(Shown.self, from: Data(shown.output.utf8)).status
    }
  }

  private func object(_ outcome: Outcome) throws -> [String: Any] {
    try #require(outcome.status == 0, "\(outcome)")
    let value = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
    return try #require(value as? [String: Any], "\(outcome)")
  }

  @Test("a life by hand: suspended, reactivated, another address, renewed, revoked; told in order")
  func life() async throws {
    let desk = try await Desk()
    for (command, arguments, day, words, status) in [
      ("suspend", [], "2026-05-10", "suspended ", "suspended"),
      ("reactivate", [], "2026-05-11", "reactivated ", "active"),
      ("change-email", ["new@softdna.invalid"], "2026-05-12", "notices go to new@", "active"),
      ("run-day", [], "2028-12-02", "-expiry.eml to new@", "active"),
      ("renew", ["--online"], "2028-12-03", "valid until 2032-03-01", "active"),
      ("revoke", ["--reason", "loss"], "2029-01-01", "loss; receipt TEST-TEST-2029", "revoked"),
    ] {
      let outcome = try await Softdna.run(
        ["authority", command, "--state", desk.token.state, "--date", day] + arguments,
        in: desk.token.folder)
      #expect(outcome.status == 0 && outcome.output.contains(words), "\(outcome)")
      #expect(try await desk.status(on: day) == status)
    }
    let shown = try await desk.run("show", on: "2029-01-02").output
    var rest = shown[...]
    for event in [
      "device-ordered", "device-activated", "certificate-suspended", "certificate-reactivated",
      "e-mail-changed", "message-sent", "renewal-ordered", "device-renewed",
      "certificate-revoked",
    ] {
      let place = try #require(rest.range(of: event), "\(event) in \(shown)")
      rest = rest[place.upperBound...]
    }
    let notices = try await desk.run("notices", on: "2029-01-02").output
    #expect(notices.contains("new@softdna.invalid  TEST - Your device expires on 2029-03-02"))
    try await desk.token.books.expectSound()
  }

  @Test("--json on every operation is JSON, and nothing else is on standard output")
  func json() async throws {
    let desk = try await Desk()
    #expect(try object(await desk.run("suspend", "--json"))["operation"] as? String == "suspension")
    #expect(
      try object(await desk.run("reactivate", "--json"))["operation"] as? String == "reactivation")
    #expect(
      try object(await desk.run("change-email", "a@softdna.invalid", "--json"))["operation"]
        as? String == "e-mail-change")
    #expect(try object(await desk.run("run-day", "--json"))["day"] as? String == "2026-05-10")
    #expect(try object(await desk.run("show", "--json"))["receipts"] != nil)
    let policy = Softdna.repository + "/scenarios/policies/lecce.yaml"
    #expect(try object(await desk.run("adopt", policy, "--json"))["chamber"] as? String == "lecce")
    try desk.token.folder.write(RequestFile.text([]), to: "request.yaml")
    #expect(
      try object(await desk.run("register", "request.yaml", "--json"))["state"] as? String
        == "accepted")
    #expect(
      try object(await desk.run("renew", on: "2029-03-01", "--json"))["expires"] as? String
        == "2032-03-02")
    let replaced = try object(
      await desk.run("replace", on: "2029-03-01", "--reason", "involuntary-block", "--json"))
    #expect(replaced["replaces"] as? String != replaced["cardNumber"] as? String)
    #expect(
      try object(await desk.run("revoke", on: "2029-03-01", "--reason", "loss", "--json"))["at"]
        as? String != nil)
    for command in ["notices", "crl", "requests"] {
      let outcome = try await desk.run(command, on: "2029-03-01", "--json")
      let list = try JSONSerialization.jsonObject(with: Data(outcome.output.utf8))
      #expect(list is [Any], "\(outcome)")
    }
  }

  @Test("lists and answers go to files that openssl reads")
  func files() async throws {
    let desk = try await Desk()
    _ = try await desk.run("suspend")
    let lists = try await desk.run("crl", "--output", "lists")
    #expect(lists.status == 0, "\(lists)")
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        openssl crl -inform DER -in lists/a-cns.crl -noout -text | grep -c 'Certificate Hold'
        openssl crl -inform DER -in lists/a-cns-delta.crl -noout -text | grep -c 'Delta CRL Indicator'
        serial=$(openssl crl -inform DER -in lists/a-cns.crl -noout -text \
          | sed -n 's/.*Serial Number: //p')
        openssl ocsp -issuer state/ca/a-cns.pem -serial 0x$serial -no_nonce -reqout request
        "$SOFTDNA" authority ocsp --state state --date 2026-05-10 --request request --response answer
        openssl ocsp -issuer state/ca/a-cns.pem -serial 0x$serial -respin answer \
          -CAfile state/ca/root.pem -noverify -resp_text | grep 'Revocation Reason'
        """,
      ], environment: Softdna.environment(in: desk.token.folder),
      folder: desk.token.folder.path)
    let lines = outcome.output.split(separator: "\n").map {
      $0.trimmingCharacters(in: .whitespaces)
    }
    try #require(lines.count == 4, "\(outcome)")
    #expect(lines[0] == "1" && lines[1] == "1", "\(outcome)")
    #expect(lines[2].hasPrefix("answer: "), "\(outcome)")
    #expect(lines[3] == "Revocation Reason: certificateHold (0x6)", "\(outcome)")
    let none = try await desk.run("ocsp", "--request", "none", "--response", "answer")
    #expect(none.status == 2 && none.errors.contains("none cannot be read"), "\(none)")
    for arguments in [
      ["crl", "--output", "answer/lists"],
      ["ocsp", "--request", "request", "--response", "missing/answer"],
    ] {
      let unwritable = try await Softdna.run(
        ["authority"] + arguments + ["--state", desk.token.state], in: desk.token.folder)
      #expect(unwritable.status == 2 && unwritable.output.isEmpty, "\(unwritable)")
      #expect(
        unwritable.errors.contains("\(arguments.last ?? "") cannot be ")
          && unwritable.errors.hasSuffix("directory\n"), "\(unwritable)")
    }
    // What is no file is written to, not replaced.
    let piped = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        mkfifo pipe; cat pipe > copy & \
        "$SOFTDNA" authority ocsp --state state --date 2026-05-10 --request request --response pipe
        wait; openssl ocsp -respin copy -noverify -resp_text > /dev/null; test -p pipe
        """,
      ], environment: Softdna.environment(in: desk.token.folder),
      folder: desk.token.folder.path)
    #expect(piped.status == 0, "\(piped)")
  }

  @Test("a wrong user code is counted over runs and locked after five; the counter still helps")
  func userCode() async throws {
    let desk = try await Desk()
    for words in ["4 tries are left", "3 tries", "2 tries", "1 tries", "it is locked now"] {
      let wrong = try await desk.run("suspend", "--user-code", "0000000000")
      #expect(wrong.status == 1 && wrong.errors.contains(words), "\(wrong)")
      #expect(wrong.output.isEmpty, "\(wrong)")
    }
    // Now the right one, which is the scratch card's, is refused as well.
    try await desk.expectRefusal(
      try await desk.run("suspend"), ["locked after 5 wrong ones", "go to the counter"])
    #expect(try await desk.status() == "active")
    #expect(
      try await desk.token.books.count(
        "SELECT COUNT(*) FROM event WHERE kind = 'user-code-wrong'") == 5)
    #expect(try await desk.run("suspend", "--registrar", "TEST official").status == 0)
    #expect(try await desk.status() == "suspended")
  }

  @Test(
    "a renewal out of its window is refused with the days, before card and books are touched",
    arguments: ["2026-05-10", "2028-12-01", "2029-03-02"])
  func window(day: String) async throws {
    let desk = try await Desk()
    // What falls due on that day is done first, whoever asks.
    #expect(try await desk.run("run-day", on: day).status == 0)
    try await desk.expectRefusal(
      try await desk.run("renew", on: day), ["allowed from 2028-12-02 to 2029-03-01"])
  }

  @Test("an identity that does not do is refused before card and books are touched")
  func identity() async throws {
    let desk = try await Desk()
    let day = "2028-12-03"
    #expect(try await desk.run("run-day", on: day).status == 0)
    func renew(_ changes: [String: String]) async throws -> Outcome {
      var identity = [
        "document": "identity card", "documentNumber": "TEST0001", "documentExpires": day,
        "checkedBy": "TEST official", "presenter": "holder",
      ]
      identity.merge(changes) { $1 }
      let lines = identity.sorted { $0.key < $1.key }.map { "\($0.key): \($0.value)\n" }
      try desk.token.folder.write(lines.joined(), to: "identity.yaml")
      return try await desk.run("renew", on: day, "--identity", "identity.yaml")
    }
    try await desk.expectRefusal(try await renew(["presenter": "proxy"]), ["no proxy"])
    try await desk.expectRefusal(
      try await renew(["documentExpires": "2028-12-02"]), ["(field identity.documentExpires)"])
    let misspelt = try await renew(["presentor": "holder"])
    #expect(misspelt.status == 2 && misspelt.errors.contains("presentor"), "\(misspelt)")
    let checks = "SELECT detail FROM event WHERE kind = 'identity-checked'"
    #expect(try await desk.token.books.rows(checks) == [])
    let renewed = try await renew([:])
    #expect(renewed.status == 0 && renewed.output.contains("valid until 2032-03-01"), "\(renewed)")
    let recorded = try await desk.token.books.rows(checks)
    #expect(recorded.count == 1 && recorded[0].contains("TEST0001"), "\(recorded)")
  }

  @Test("what does not fit a device's state or provider is refused with the rule")
  func states() async throws {
    let desk = try await Desk()
    // What is due is done whoever asks: here before.
    #expect(try await desk.run("run-day", on: "2028-03-03").status == 0)
    let official = ["--registrar", "TEST official"]
    try await desk.expectRefusal(
      try await desk.run("reactivate", official[0], official[1]), ["it is not suspended"])
    try await desk.expectRefusal(
      try await desk.run("suspend", "--provider", "aruba-like", official[0], official[1]),
      ["it belongs to softdna TEST Provider A, which alone may do this"])
    try await desk.expectRefusal(
      try await desk.run("change-email", "nobody", official[0], official[1]), ["(field eMail)"])
    for arguments in [["suspend"], ["replace", "--reason", "defect"]] {
      try await desk.expectRefusal(
        try await Softdna.run(
          ["authority"] + arguments
            + ["--state", desk.token.state, "--date", "2028-03-03", "--registrar", " "],
          in: desk.token.folder),
        ["(field registrar)", "the official's name is missing"])
    }
    try await desk.expectRefusal(
      try await desk.run("replace", "--reason", "misuse"), ["(policy defectReplacement)"])
    try await desk.expectRefusal(
      try await desk.run("replace", on: "2028-03-03", "--reason", "defect"),
      ["allowed from 2026-03-02 to 2028-03-02"])
    try await desk.expectRefusal(
      try await desk.run("remote-signature", official[0], official[1]),
      ["remoteSignatureFrom"])
    let number = try await desk.token.books.rows("SELECT cardNumber FROM device")[0]
    let revoked = try await desk.run("revoke", "--reason", "theft", official[0], official[1])
    #expect(revoked.status == 0, "\(revoked)")
    for command in ["suspend", "reactivate"] {
      try await desk.expectRefusal(
        try await desk.run(command, official[0], official[1]),
        ["device \(number): it "])
    }
  }

  @Test("a damaged scratch card is named; the counter still helps")
  func scratchCard() async throws {
    let desk = try await Desk()
    try desk.token.folder.write("x", to: "state/scratch-card.json")
    let outcome = try await desk.run("suspend")
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.errors.contains("scratch-card.json is damaged"), "\(outcome)")
    #expect(try await desk.run("suspend", "--registrar", "TEST official").status == 0)
  }

  @Test("an unknown device is named, and so is a number that is none")
  func unknownDevice() async throws {
    let desk = try await Desk()
    #expect(try await desk.run("run-day").status == 0)
    let number = try await desk.token.books.rows("SELECT cardNumber FROM device")[0]
    try await desk.expectRefusal(
      try await desk.run("suspend", "--card", "7430010000000016"), ["7430010000000016"])
    let digit = number.last == "0" ? "1" : "0"
    try await desk.expectRefusal(
      try await desk.run("suspend", "--card", String(number.dropLast()) + digit),
      ["card number"])
    #expect(try await desk.run("suspend", "--card", number).status == 0)
  }

  @Test("no authority, no token, no such subcommand: exit status 2, and nothing is made")
  func environment() async throws {
    let folder = try TemporaryFolder()
    for command in [
      "show", "suspend", "reactivate", "renew", "notices", "run-day", "crl", "serve", "requests",
    ] {
      let outcome = try await Softdna.run(["authority", command, "--state", "none"], in: folder)
      #expect(outcome.status == 2, "\(outcome)")
      #expect(outcome.errors.contains("none; issue"), "\(outcome)")
    }
    for arguments in [
      ["suspend"], ["suspend", "--state", "none", "--date", "tomorrow"],
      ["revoke", "--state", "none", "--reason", "boredom"], ["forget", "--state", "none"],
    ] {
      let outcome = try await Softdna.run(["authority"] + arguments, in: folder)
      #expect(outcome.status == 2 && outcome.output.isEmpty, "\(outcome)")
    }
    #expect(folder.entries.isEmpty)
  }
}
