public import Foundation
import GRDB

/// What a holder is given for an operation.
public struct Receipt: Codable, Equatable, Sendable {
  /// What was done.
  public enum Operation: String, Codable, CaseIterable, Sendable {
    /// A new device.
    case issuance
    /// A renewal.
    case renewal
    /// A suspension.
    case suspension
    /// A reactivation.
    case reactivation
    /// A revocation.
    case revocation
    /// A new e-mail address.
    case eMailChange = "e-mail-change"
    /// A new device in place of another.
    case replacement
    /// A remote one-shot signature.
    case remoteSignature = "remote-signature"
  }

  /// For example `TEST-LECCE-2026-000001`, counted by chamber and year.
  public let number: String
  /// The device's number.
  public let cardNumber: CardNumber
  /// What was done.
  public let operation: Operation
  /// What was paid; nil where the chamber's price list states nothing.
  public let fee: Fee?
  /// The instant.
  public let at: Date

  /// What was paid in all; nil where the chamber's price list states nothing.
  public var total: Money? { fee?.total }
}

extension Authority {
  /// The receipts of a device, oldest first.
  ///
  /// - Throws: rule `database`.
  public func receipts(of device: Device) throws(AuthorityError) -> [Receipt] {
    try store.read("listing receipts") { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM receipt WHERE deviceId = ? ORDER BY id",
        arguments: [device.id]
      ).map { try Receipt($0, device.cardNumber) }
    }
  }

  // MARK: - Inside a transaction

  @discardableResult
  func write(
    _ operation: Receipt.Operation, _ fee: Fee?, for device: Device, _ log: EventLog
  ) throws -> Receipt {
    let year = Day(log.now).year
    let prefix = "TEST-\(device.chamber.uppercased())-\(year)-"
    // Prefixes are letters, digits and hyphens: nothing in them means something to GLOB.
    let count =
      try Int.fetchOne(
        log.database, sql: "SELECT COUNT(*) FROM receipt WHERE number GLOB ?",
        arguments: [prefix + "*"]) ?? 0
    let digits = String(count + 1)
    let receipt = Receipt(
      number: prefix + String(repeating: "0", count: max(0, 6 - digits.count)) + digits,
      cardNumber: device.cardNumber, operation: operation, fee: fee, at: log.now)
    try log.database.execute(
      sql: "INSERT INTO receipt (number, deviceId, operation, fee, at) VALUES (?, ?, ?, ?, ?)",
      arguments: [
        receipt.number, device.id, operation.rawValue, try fee.map { try JSON.encode($0) },
        log.now.seconds,
      ])
    return receipt
  }
}

extension Receipt {
  init(_ row: Row, _ cardNumber: CardNumber) throws {
    number = row["number"]
    self.cardNumber = cardNumber
    operation = try row.decoded("operation")
    let text: String? = row["fee"]
    fee = try text.map { try JSON.decode($0) }
    at = row.instant("at")
  }
}
