import Foundation
import GRDB

extension Authority {
  /// All devices, oldest first.
  ///
  /// - Throws: rule `database`.
  public func devices() throws(AuthorityError) -> [Device] {
    try store.read("listing devices") { try Device.fetch($0, "1 = 1", []) }
  }

  /// The device with this number.
  ///
  /// - Throws: rule `unknown`.
  public func device(_ cardNumber: CardNumber) throws(AuthorityError) -> Device {
    let attempted = "looking up a device"
    return try store.read(attempted) { database in
      guard let device = try fetchDevice(cardNumber, database) else {
        throw AuthorityError(attempted, .unknown, "no device has the number \(cardNumber)")
      }
      return device
    }
  }

  /// A registered holder by number.
  ///
  /// - Throws: rule `unknown`.
  public func holder(_ id: Int64) throws(AuthorityError) -> RegisteredHolder {
    let attempted = "looking up a holder"
    return try store.read(attempted) { database in
      guard let holder = try fetchHolder(id, database) else {
        throw AuthorityError(attempted, .unknown, "no holder \(id)")
      }
      return holder
    }
  }

  /// The certificates of a device, revoked ones included, oldest first.
  ///
  /// - Throws: rule `database`.
  public func certificates(of device: Device) throws(AuthorityError) -> [IssuedCertificate] {
    try store.read("listing certificates") {
      try IssuedCertificate.fetch($0, "deviceId = ?", [device.id])
    }
  }

  /// The enrolments of a device, oldest first.
  ///
  /// - Throws: rule `database`.
  public func enrolments(of device: Device) throws(AuthorityError) -> [Enrolment] {
    try store.read("listing enrolments") {
      try Enrolment.fetch($0, "deviceId = ?", [device.id])
    }
  }

  /// Enrolments that were begun and neither finished nor abandoned: found when nothing runs, they
  /// tell of an interruption.
  ///
  /// - Throws: rule `database`.
  public func enrolmentsUnderWay() throws(AuthorityError) -> [Enrolment] {
    try store.read("listing enrolments") {
      try Enrolment.fetch($0, "state IN ('ordered', 'certified')", [])
    }
  }

  /// The event log, oldest first: of one device, or all of it.
  ///
  /// - Throws: rule `database`.
  public func events(of device: Device? = nil) throws(AuthorityError) -> [Event] {
    try store.read("reading the event log") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM event WHERE ?1 IS NULL OR deviceId = ?1 ORDER BY id",
        arguments: [device?.id]
      ).map { try Event($0) }
    }
  }

  /// The key of the issuer's EXTERNAL AUTHENTICATE, AES-128.
  ///
  /// - Throws: rule `unknown`.
  public func transportKey(of device: Device) throws(AuthorityError) -> [UInt8] {
    let attempted = "looking up a transport key"
    return try store.read(attempted) { database in
      let row = try Row.fetchOne(
        database, sql: "SELECT transportKey FROM device WHERE id = ?", arguments: [device.id])
      guard let row else { throw AuthorityError(attempted, .unknown, "no device \(device.id)") }
      return row.bytes("transportKey")
    }
  }

  // MARK: - Inside a transaction

  func fetchDevice(_ number: CardNumber, _ database: Database) throws -> Device? {
    try Device.fetch(database, "cardNumber = ?", [number.description]).first
  }

  func existing(_ id: Int64, _ database: Database) throws -> Device {
    guard let device = try Device.fetch(database, "device.id = ?", [id]).first else {
      throw AuthorityError("looking up a device", .unknown, "no device \(id)")
    }
    return device
  }

  func existing(
    _ enrolment: Enrolment, _ attempted: String, _ database: Database
  ) throws -> Enrolment {
    guard let current = try Enrolment.fetch(database, "id = ?", [enrolment.id]).first else {
      throw AuthorityError(attempted, .unknown, "no enrolment \(enrolment.id)")
    }
    return current
  }

  func fetchHolder(_ id: Int64, _ database: Database) throws -> RegisteredHolder? {
    try Row.fetchOne(database, sql: "SELECT * FROM holder WHERE id = ?", arguments: [id])
      .map { try RegisteredHolder($0) }
  }
}

extension Device {
  static func fetch(
    _ database: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [Device] {
    try Row.fetchAll(
      database, sql: "\(select) WHERE \(condition) ORDER BY device.id", arguments: arguments
    ).map { try Device($0) }
  }
}

extension Enrolment {
  static func fetch(
    _ database: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [Enrolment] {
    try Row.fetchAll(
      database, sql: "SELECT * FROM enrolment WHERE \(condition) ORDER BY id",
      arguments: arguments
    ).map { try Enrolment($0) }
  }
}

extension IssuedCertificate {
  /// A condition: good or suspended.
  static let isNotFinallyRevoked =
    "(revokedAt IS NULL OR revocationReason = \(RevocationReason.certificateHold.rawValue))"

  static func fetch(
    _ database: Database, _ condition: String, _ arguments: StatementArguments
  ) throws -> [IssuedCertificate] {
    try Row.fetchAll(
      database, sql: "SELECT * FROM certificate WHERE \(condition) ORDER BY id",
      arguments: arguments
    ).map { try IssuedCertificate($0) }
  }
}
