import Foundation
import Testing

/// The authority's database as somebody else reads it: Python's sqlite3.
struct Books: Sendable {
  let folder: TemporaryFolder
  let state: String

  /// Rows of a query, their columns joined by `|`.
  func rows(_ query: String) async throws -> [String] {
    try await python("for row in db.execute(sys.argv[1]): print('|'.join(map(str, row)))", query)
  }

  /// One number.
  func count(_ query: String) async throws -> Int {
    try #require(Int(try await rows(query).first ?? ""))
  }

  /// Everything there is, as SQL.
  func dump() async throws -> [String] {
    try await python("for line in db.iterdump(): print(line)")
  }

  private func python(_ body: String, _ arguments: String...) async throws -> [String] {
    let path = try #require(HostPackage.systemPython)
    let outcome = try await Program.run(
      path,
      ["-c", "import sqlite3, sys\ndb = sqlite3.connect('\(state)/authority.sqlite')\n\(body)"]
        + arguments,
      environment: Softdna.environment(in: folder))
    try #require(outcome.status == 0, "\(outcome)")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  /// What must hold whatever was interrupted: the file is sound, references lead somewhere, the log
  /// has an event for each change, a receipt for each operation, and devices are good as a whole.
  func expectSound(_ location: SourceLocation = #_sourceLocation) async throws {
    #expect(try await rows("PRAGMA integrity_check") == ["ok"], sourceLocation: location)
    #expect(try await rows("PRAGMA foreign_key_check").isEmpty, sourceLocation: location)
    func counts(_ query: String) async throws -> [String: Int] {
      let pairs = try await rows(query).map { $0.split(separator: "|") }
      return Dictionary(
        uniqueKeysWithValues: pairs.map { (String($0[0]), Int($0[1]) ?? -1) })
    }
    let events = try await counts("SELECT kind, COUNT(*) FROM event GROUP BY kind")
    let receipts = try await counts("SELECT operation, COUNT(*) FROM receipt GROUP BY operation")
    for (event, operation, each) in [
      ("certificate-suspended", "suspension", 2), ("certificate-reactivated", "reactivation", 2),
      ("device-renewed", "renewal", 1), ("e-mail-changed", "e-mail-change", 1),
    ] {
      #expect(
        events[event] ?? 0 == each * (receipts[operation] ?? 0), "\(operation)",
        sourceLocation: location)
    }
    // A change of status is one row for the lists and one line in the log.
    let changes = try await count("SELECT COUNT(*) FROM statusChange")
    let told = ["certificate-suspended", "certificate-reactivated", "certificate-revoked"]
      .reduce(0) { $0 + (events[$1] ?? 0) }
    #expect(changes == told, sourceLocation: location)
    // What happens to one certificate of an enrolment happens to the other, but that keys which an
    // interruption lost are superseded (4).
    let torn = try await rows(
      """
      SELECT enrolmentId FROM certificate
      WHERE ifnull(revocationReason, 0) <> 4 AND enrolmentId IN
        (SELECT id FROM enrolment WHERE state = 'active')
      GROUP BY enrolmentId HAVING COUNT(DISTINCT ifnull(revocationReason, -1)) > 1
      """)
    #expect(torn.isEmpty, "enrolments \(torn)", sourceLocation: location)
  }
}

extension TestToken {
  /// The authority's database.
  var books: Books { Books(folder: folder, state: state) }
}
