import Foundation
import Testing

@Suite("softdna authority renew", .runs(.python))
struct RenewalCommandTests {
  private static let day = "2029-02-10"

  private func renew(_ token: TestToken, _ arguments: String...) async throws -> Outcome {
    try await Softdna.run(
      ["authority", "renew", "--state", token.state, "--date", Self.day] + arguments,
      in: token.folder)
  }

  private func identify(_ presenter: String, until expires: String, _ token: TestToken) throws {
    try token.folder.write(
      """
      document: identity card
      documentNumber: TEST0001
      documentExpires: \(expires)
      checkedBy: TEST official
      presenter: \(presenter)
      """, to: "identity.yaml")
  }

  @Test("who comes to the counter is identified: judged before the card is touched, recorded")
  func identity() async throws {
    let token = try await TestToken(.current, "--date", "2026-03-02")
    let due = try await Softdna.run(
      ["authority", "run-day", "--state", token.state, "--date", Self.day], in: token.folder)
    #expect(due.status == 0, "\(due)")
    let before = (try await token.books.dump(), try token.folder.bytes(of: "state/token.nv"))
    for (presenter, expires, status, words) in [
      ("proxy", "2030-01-01", 1, "no proxy"),
      ("holder", "2029-02-09", 1, "expired on 2029-02-09"), ("nobody", "2030-01-01", 2, "nobody"),
    ] {
      try identify(presenter, until: expires, token)
      let refused = try await renew(token, "--identity", "identity.yaml")
      #expect(Int(refused.status) == status && refused.output.isEmpty, "\(refused)")
      #expect(refused.errors.contains(words), "\(refused)")
      #expect(try await token.books.dump() == before.0)
      #expect(try token.folder.bytes(of: "state/token.nv") == before.1)
    }
    try identify("holder", until: Self.day, token)
    let online = try await renew(token, "--online", "--identity", "identity.yaml")
    #expect(online.status == 2, "\(online)")
    let renewed = try await renew(token, "--identity", "identity.yaml")
    #expect(renewed.status == 0, "\(renewed)")
    #expect(
      try await token.books.count(
        """
        SELECT COUNT(*) FROM event WHERE kind = 'identity-checked'
          AND detail LIKE '%TEST0001%' AND detail LIKE '%counter%'
        """) == 1)
  }
}
