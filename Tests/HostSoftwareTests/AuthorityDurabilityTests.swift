import Foundation
import Testing

@Suite("softdna authority is killed, and run by many at once", .runs(.python, .curl))
struct AuthorityDurabilityTests {
  private static let official = ["--registrar", "TEST official"]

  /// A subcommand that is killed after some milliseconds, unless it was faster.
  @discardableResult
  private func kill(
    _ arguments: [String], after milliseconds: Int, _ token: TestToken
  ) async throws -> Outcome {
    try await Softdna.run(["authority"] + arguments, in: token.folder) { running in
      try await Task.sleep(for: .milliseconds(milliseconds))
      try? running.send(SIGKILL, false)
    }
  }

  @Test("kill -9 at any moment: what was done is done whole, and is done next time otherwise")
  func killed() async throws {
    let token = try await TestToken()
    let state = ["--state", token.state]
    var killed = 0
    for round in 0..<24 {
      let command = [
        ["suspend"] + state + Self.official, ["crl"] + state,
        ["reactivate"] + state + Self.official,
        ["change-email", "n\(round)@softdna.invalid"] + state + Self.official,
      ][round % 4]
      let milliseconds = Int.random(in: 5..<160)
      let outcome = try await kill(command, after: milliseconds, token)
      if outcome.status == -SIGKILL { killed += 1 }
      try await token.books.expectSound()
    }
    #expect(killed > 0)
    // It goes on from wherever it was.
    let held = try await token.books.count(
      "SELECT COUNT(*) FROM certificate WHERE revocationReason = 6")
    let next = try await Softdna.run(
      ["authority", held == 0 ? "suspend" : "reactivate"] + state + Self.official,
      in: token.folder)
    #expect(next.status == 0, "\(next)")
    let lists = try await Softdna.run(["authority", "crl"] + state, in: token.folder)
    #expect(lists.status == 0, "\(lists)")
    try await token.books.expectSound()
  }

  @Test("a renewal that is killed again and again ends with one renewal, the card's and the books'")
  func renewal() async throws {
    let token = try await TestToken(.current, "--date", "2026-03-02")
    let renew = ["renew", "--state", token.state, "--date", "2029-02-10"]
    for _ in 0..<8 {
      try await kill(renew, after: Int.random(in: 20..<700), token)
      try await token.books.expectSound()
    }
    let last = try await Softdna.run(["authority"] + renew, in: token.folder)
    if last.status != 0 {
      #expect(last.status == 1 && last.errors.contains("renewed once"), "\(last)")
    }
    #expect(
      try await token.books.rows("SELECT renewals, expiryDay FROM device") == ["1|2032-03-02"])
    try await token.books.expectSound()
    let good = try await token.books.rows(
      "SELECT hex(der) FROM certificate WHERE revokedAt IS NULL ORDER BY purpose")
    let held = try await token.certificates()
    #expect(good.count == 2)
    for (certificate, file) in zip(good, held) { #expect(file.hasPrefix(certificate)) }
  }

  @Test("a replacement that is killed again and again ends with one new device, as the books say")
  func replacement() async throws {
    let token = try await TestToken(.current, "--date", "2026-03-02")
    let old = try await token.books.rows("SELECT cardNumber FROM device")[0]
    let replace = [
      "replace", "--state", token.state, "--date", "2026-05-10", "--card", old, "--reason",
      "defect",
    ]
    for _ in 0..<6 {
      try await kill(replace, after: Int.random(in: 20..<900), token)
      try await token.books.expectSound()
    }
    let last = try await Softdna.run(["authority"] + replace, in: token.folder)
    if last.status != 0 {
      #expect(last.status == 1 && last.errors.contains("it was replaced already"), "\(last)")
    }
    let active = try await token.books.rows(
      """
      SELECT cardNumber, (SELECT hex(der) FROM certificate
        WHERE deviceId = device.id AND revokedAt IS NULL AND purpose = 'cns')
      FROM device WHERE replaces IS NOT NULL AND id IN
        (SELECT deviceId FROM enrolment WHERE state = 'active')
      """)
    try #require(active.count == 1)
    let number = active[0].split(separator: "|")
    #expect(try await token.certificates()[0].hasPrefix(number[1]))
    // The scratch card is the new one's, the old card is kept.
    let code = try token.codes().pinCNS.utf8.map { String(format: "%02X", $0) }.joined()
    let verified = try await Softdna.run(
      ["apdu", "--json", "--state", token.state, "0020001008" + code], in: token.folder)
    #expect(verified.output.contains("9000"), "\(verified)")
    #expect(token.folder.exists("state/token-\(old).nv"))
    #expect(
      try await token.books.count(
        "SELECT COUNT(*) FROM certificate WHERE revokedAt IS NULL") == 2)
  }

  @Test("of two replacements at once one takes place; none does while the token is plugged in")
  func replacements() async throws {
    let token = try await TestToken()
    let replace = ["authority", "replace", "--state", token.state, "--reason", "defect"]
    let books = try await token.books.dump()
    let plugged = try await token.exec("\"$SOFTDNA\" \(replace.joined(separator: " "))")
    #expect(plugged.status == 2, "\(plugged)")
    #expect(plugged.errors.contains("another process uses this token"), "\(plugged)")
    #expect(try await token.books.dump() == books)
    async let one = Softdna.run(replace, in: token.folder)
    async let other = Softdna.run(replace, in: token.folder)
    let outcomes = try await [one, other]
    #expect(outcomes.map(\.status).sorted() == [0, 1], "\(outcomes)")
    #expect(
      outcomes.contains { $0.status == 1 && $0.errors.contains("it was replaced already") },
      "\(outcomes)")
    try await token.books.expectSound()
  }

  @Test("a server and many command lines at once: nobody fails, nothing is lost")
  func concurrent() async throws {
    let port = try WebServer.freePort()
    let token = try await TestToken(.current, "--authority-url", "http://127.0.0.1:\(port)")
    // Everybody changes the same device, while others ask for its lists.
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        "$SOFTDNA" authority serve --state state 2> serve.log & server=$!
        trap 'kill $server; wait $server || :' EXIT
        url=http://127.0.0.1:\(port)/crl
        until curl --silent --fail --output /dev/null $url/root.crl; do
          kill -0 $server || { cat serve.log >&2; exit 1; }
          sleep 0.05
        done
        work() {
          for round in 1 2 3; do
            for command in suspend reactivate; do
              "$SOFTDNA" authority $command --state state --registrar "TEST official $1" \\
                > /dev/null 2> $1.log && echo done || echo "$? $(cat $1.log)"
              curl -sSf --output $1.crl $url/a-cns.crl
            done
          done
        }
        pids=
        for worker in 1 2 3 4; do work $worker & pids="$pids $!"; done
        for pid in $pids; do wait $pid; done
        """,
      ], environment: Softdna.environment(in: token.folder), folder: token.folder.path)
    try #require(outcome.status == 0, "\(outcome)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.count == 24, "\(outcome)")
    let done = lines.filter { $0 == "done" }.count
    // Who came second was told so; nobody met a locked database.
    for line in lines where line != "done" {
      let isState =
        line.hasPrefix("1 ")
        && (line.contains("it has no good certificate") || line.contains("it is not suspended"))
      #expect(isState, "\(line)")
    }
    try await token.books.expectSound()
    #expect(try await token.books.count("SELECT COUNT(*) FROM receipt") == done + 1)
    // The last list tells all of it.
    let changes = try await token.books.count(
      "SELECT COUNT(*) FROM statusChange WHERE issuer = 'a-cns'")
    let lists = try await Softdna.run(
      ["authority", "crl", "--state", token.state, "--json"], in: token.folder)
    struct List: Decodable {
      let issuer: String
      let number: Int
    }
    let numbers = try JSONDecoder().decode([List].self, from: Data(lists.output.utf8))
    #expect(numbers.filter { $0.issuer == "a-cns" && $0.number > changes }.count == 2, "\(lists)")
  }
}
