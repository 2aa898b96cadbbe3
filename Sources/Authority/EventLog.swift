import Foundation
import GRDB

/// Writing to the append-only log; always inside the transaction of what happened.
struct EventLog {
  let database: Database
  let now: Date

  func append(
    _ kind: Event.Kind, device: Int64? = nil, holder: Int64? = nil,
    _ detail: [String: String] = [:]
  ) throws {
    try database.execute(
      sql: "INSERT INTO event (at, deviceId, holderId, kind, detail) VALUES (?, ?, ?, ?, ?)",
      arguments: [now.seconds, device, holder, kind.rawValue, try JSON.encode(detail)])
  }
}
