public import Foundation
import GRDB

/// A request that was registered.
public struct RegisteredApplication: Equatable, Sendable, Identifiable {
  /// What becomes of a request.
  public enum State: String, Codable, Sendable {
    /// A device may be ordered on it.
    case accepted
    /// It waits for documents (*si potrà depositare la richiesta*): nothing is issued on it.
    case deposited
  }

  /// The database's number for it.
  public let id: Int64
  /// Whose it is.
  public let holderID: Int64
  /// What was asked for.
  public let application: Application
  /// Accepted or deposited.
  public let state: State
  /// What a deposited request waits for, in words.
  public let missing: [String]
  /// When it was registered.
  public let registeredAt: Date
}

extension Authority {
  /// Registers a holder's request: identity check, documents and channel are recorded. A request
  /// whose documents of residence are not enough is deposited.
  ///
  /// - Throws: rule `delegation`, `policy` or `field`; nothing is written then.
  public func register(_ application: Application) throws(AuthorityError) -> RegisteredApplication {
    let attempted = "registering a request"
    let now = clock.now
    let policy = try policy(of: application.chamber)
    try application.validate(policy, on: Day(now))
    guard application.holder.birthDate < Day(now) else {
      throw AuthorityError(
        attempted, .field("birthDate"), "\(application.holder.birthDate) is not past")
    }
    let missing = application.missingDocuments(on: Day(now))
    return try store.write(attempted) { database in
      let holder = try insert(application.holder, now, database)
      let state: RegisteredApplication.State = missing.isEmpty ? .accepted : .deposited
      try database.execute(
        sql: """
          INSERT INTO application (holderId, chamber, state, data, registeredAt, judgedAt)
          VALUES (?1, ?2, ?3, ?4, ?5, ?5)
          """,
        arguments: [
          holder.id, application.chamber, state.rawValue, try JSON.encode(application), now.seconds,
        ])
      let id = database.lastInsertedRowID
      let log = try EventLog(database, now)
      try log.append(
        .identityChecked, holder: holder.id,
        application.identity.recorded(over: application.channel)
          .merging(["application": String(id)]) { $1 })
      try log.append(
        state == .accepted ? .applicationAccepted : .applicationDeposited, holder: holder.id,
        ["application": String(id), "missing": missing.joined(separator: "; ")])
      return RegisteredApplication(
        id: id, holderID: holder.id, application: application, state: state, missing: missing,
        registeredAt: now)
    }
  }

  /// Takes up a deposited request with the documents that were shown since.
  ///
  /// - Throws: rule `unknown`; `state` where it is not deposited.
  public func complete(
    _ application: RegisteredApplication, with permit: ResidencePermit
  ) throws(AuthorityError) -> RegisteredApplication {
    let attempted = "completing a request"
    let now = clock.now
    return try store.write(attempted) { database in
      let current = try existingApplication(application.id, database)
      guard current.state == .deposited else {
        throw AuthorityError(attempted, .state, "the request is \(current.state.rawValue)")
      }
      var completed = current.application
      completed.residencePermit = permit
      let missing = completed.missingDocuments(on: Day(now))
      let state: RegisteredApplication.State = missing.isEmpty ? .accepted : .deposited
      try database.execute(
        sql: "UPDATE application SET state = ?, data = ?, judgedAt = ? WHERE id = ?",
        arguments: [state.rawValue, try JSON.encode(completed), now.seconds, current.id])
      try EventLog(database, now).append(
        state == .accepted ? .applicationAccepted : .applicationDeposited,
        holder: current.holderID,
        ["application": String(current.id), "missing": missing.joined(separator: "; ")])
      return try existingApplication(current.id, database)
    }
  }

  /// A request by its number.
  ///
  /// - Throws: rule `unknown`.
  public func application(_ id: Int64) throws(AuthorityError) -> RegisteredApplication {
    try store.read("looking up request \(id)") { try existingApplication(id, $0) }
  }

  /// All requests, oldest first.
  ///
  /// - Throws: rule `database`.
  public func applications() throws(AuthorityError) -> [RegisteredApplication] {
    try store.read("listing requests") { database in
      try Row.fetchAll(database, sql: "SELECT * FROM application ORDER BY id")
        .map { try RegisteredApplication($0) }
    }
  }

  // MARK: - Inside a transaction

  func existingApplication(_ id: Int64, _ database: Database) throws -> RegisteredApplication {
    let row = try Row.fetchOne(
      database, sql: "SELECT * FROM application WHERE id = ?", arguments: [id])
    guard let row else {
      throw AuthorityError("looking up a request", .unknown, "no request \(id)")
    }
    return try RegisteredApplication(row)
  }
}

extension Application {
  /// What keeps the request waiting on `day`; empty where nothing does.
  func missingDocuments(on day: Day) -> [String] {
    guard holder.needsResidencePermit else { return [] }
    return residencePermit?.missing(on: day) ?? ["the residence permit"]
  }
}

extension RegisteredApplication {
  init(_ row: Row) throws {
    id = row["id"]
    holderID = row["holderId"]
    application = try JSON.decode(row["data"])
    state = try row.decoded("state")
    registeredAt = row.instant("registeredAt")
    let judged = Day(row.instant("judgedAt"))
    missing = state == .deposited ? application.missingDocuments(on: judged) : []
  }
}
