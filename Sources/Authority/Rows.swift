import Foundation
import GRDB

/// How a row becomes a value. Every table's SELECT is written once, here.
extension Device {
  static let select = """
    SELECT device.*, (SELECT state FROM enrolment WHERE deviceId = device.id
      AND kind = 'issuance') AS state FROM device
    """

  init(_ row: Row) throws {
    id = row["id"]
    cardNumber = try CardNumber(row["cardNumber"])
    holderID = row["holderId"]
    chip = try row.decoded("chip")
    kind = try row.decoded("kind")
    chipSerial = row.bytes("chipSerial")
    administration = try JSON.decode(row["administration"])
    personalData = row.bytes("personalData")
    issueDay = try row.day("issueDay")
    expiryDay = try row.day("expiryDay")
    chamber = row["chamber"]
    provider = try row.decoded("provider")
    replaces = row["replaces"]
    renewals = row["renewals"]
    state = try row.decoded("state")
  }
}

extension Enrolment {
  init(_ row: Row) throws {
    id = row["id"]
    deviceID = row["deviceId"]
    kind = try row.decoded("kind")
    state = try row.decoded("state")
    dnQualifier = row["dnQualifier"]
    expiryDay = try row.day("expiryDay")
    orderedAt = row.instant("orderedAt")
    let feeText: String? = row["fee"]
    fee = try feeText.map { try JSON.decode($0) }
  }
}

extension IssuedCertificate {
  init(_ row: Row) throws {
    id = row["id"]
    enrolmentID = row["enrolmentId"]
    deviceID = row["deviceId"]
    issuer = row["issuer"]
    purpose = try row.decoded("purpose")
    serialNumber = row["serialNumber"]
    der = row.bytes("der")
    notBefore = row.instant("notBefore")
    notAfter = row.instant("notAfter")
    let reason: Int? = row["revocationReason"]
    guard let reason else {
      revocation = nil
      return
    }
    revocation = Revocation(
      at: row.instant("revokedAt"), reason: RevocationReason(rawValue: reason) ?? .unspecified)
  }
}

extension RegisteredHolder {
  init(_ row: Row) throws {
    id = row["id"]
    holder = try JSON.decode(row["data"])
    registeredAt = row.instant("registeredAt")
  }
}

extension Event {
  init(_ row: Row) throws {
    id = row["id"]
    at = row.instant("at")
    deviceID = row["deviceId"]
    holderID = row["holderId"]
    kind = row["kind"]
    detail = try JSON.decode(row["detail"])
  }
}

extension Row {
  func bytes(_ column: String) -> [UInt8] {
    let data: Data = self[column]
    return [UInt8](data)
  }

  func instant(_ column: String) -> Date {
    let seconds: Int64 = self[column]
    return Date(timeIntervalSince1970: Double(seconds))
  }

  func day(_ column: String) throws(AuthorityError) -> Day {
    let text: String = self[column]
    guard let day = Day(text) else { throw unreadable(column, text) }
    return day
  }

  func decoded<T: RawRepresentable<String>>(_ column: String) throws(AuthorityError) -> T {
    let text: String = self[column]
    guard let value = T(rawValue: text) else { throw unreadable(column, text) }
    return value
  }

  private func unreadable(_ column: String, _ text: String) -> AuthorityError {
    AuthorityError("reading the database", .database, "column \(column) holds \"\(text)\"")
  }
}

extension Date {
  /// Seconds since 1970, as the database keeps instants.
  var seconds: Int64 { Int64(timeIntervalSince1970) }
}

/// Values that a column keeps as JSON, keys sorted so that equal values have equal text.
enum JSON {
  static func encode(_ value: some Encodable) throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(value), as: UTF8.self)
  }

  static func decode<T: Decodable>(_ text: String) throws -> T {
    try JSONDecoder().decode(T.self, from: Data(text.utf8))
  }
}
