import Foundation
import GRDB

/// Writing to the append-only log; always inside the transaction of what happened.
struct EventLog {
  let database: Database
  let now: Date

  /// The log, to be written at `now`.
  ///
  /// - Throws: rule `clock` where it tells of a later day already.
  init(_ database: Database, _ now: Date) throws {
    self.database = database
    self.now = now
    guard let last = try Self.day(after: now, database) else { return }
    throw AuthorityError(
      "recording what happens on \(Day(now))", .clock(last: last),
      "the authority's history goes on to \(last) already, and its time forward only")
  }

  /// The last day the log tells of, where that is later than the day of `now`.
  static func day(after now: Date, _ database: Database) throws -> Day? {
    let row = try Row.fetchOne(database, sql: "SELECT at FROM event ORDER BY id DESC LIMIT 1")
    guard let row else { return nil }
    let last = Day(row.instant("at"))
    // Who had to wait for the database at midnight is not late.
    return Day(now + 60) < last ? last : nil
  }

  func append(
    _ kind: Event.Kind, device: Int64? = nil, holder: Int64? = nil,
    _ detail: [String: String] = [:]
  ) throws {
    try database.execute(
      sql: "INSERT INTO event (at, deviceId, holderId, kind, detail) VALUES (?, ?, ?, ?, ?)",
      arguments: [now.seconds, device, holder, kind.rawValue, try JSON.encode(detail)])
  }
}
