import Foundation
import GRDB

/// What the books say of certificates on a day, without writing anything: what was recorded by then,
/// and what is due by then whether or not somebody has run the day.
///
/// The books tell days apart and no more: who asks on a day sees all that was recorded on it.
struct StatusOnDay {
  let authority: Authority
  let database: Database
  let now: Date

  /// The first second, since 1970, that the answer knows nothing of.
  private var end: Int64 { Day(now).adding(days: 1).start.seconds }

  // MARK: - Certificates

  /// When and why the certificate stopped being good; nil: it is good.
  func revocation(_ issuer: String, _ serialNumber: String) throws -> Revocation? {
    let due = try authority.due(
      by: now, "certificate.issuer = ? AND serialNumber = ?", [issuer, serialNumber], database
    ).first
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT at, reason FROM statusChange WHERE issuer = ? AND serialNumber = ? AND knownFrom < ?
        ORDER BY id DESC LIMIT 1
        """, arguments: [issuer, serialNumber, end])
    return due?.revocation ?? row.flatMap { Revocation($0) }
  }

  // MARK: - Devices

  /// Where a device stands.
  func status(of device: Device) throws -> DeviceStatus {
    let told = try Row.fetchAll(
      database, sql: "SELECT * FROM event WHERE deviceId = ? AND at < ? ORDER BY id",
      arguments: [device.id, end]
    ).map { try Event($0) }
    func last(_ kinds: Event.Kind...) -> Event? {
      told.last { event in kinds.contains { $0.rawValue == event.kind } }
    }
    guard let active = last(.deviceActivated, .deviceRenewed) else {
      return last(.enrolmentAbandoned) == nil ? .inPreparation : .abandoned
    }
    let expiryDay = active.detail["expiryDay"].flatMap { Day($0) } ?? device.expiryDay
    guard Day(now) < expiryDay else { return .expired }
    let current = try IssuedCertificate.fetch(
      database, "deviceId = ? AND notAfter >= ? AND notBefore < ?", [device.id, now.seconds, end])
    let states = try current.map { ($0.purpose, try revocation($0.issuer, $0.serialNumber)) }
    if states.contains(where: { $1?.reason == .certificateHold }) { return .suspended }
    let good = states.filter { $1 == nil }
    if good.contains(where: { $0.0 == .qualifiedSignature }) { return .active }
    return good.isEmpty ? .revoked : .signatureRevoked
  }

  // MARK: - Lists

  /// How many changes of a CA's certificates count by an instant, and since when the last one does.
  func changes(of issuer: String, by instant: Date? = nil) throws -> (count: Int, last: Date?) {
    let row = try Row.fetchOne(
      database,
      sql: "SELECT COUNT(*), max(knownFrom) FROM statusChange WHERE issuer = ? AND knownFrom < ?",
      arguments: [issuer, instant.map { $0.seconds + 1 } ?? end])
    let due = try due(issuer).map(\.knownFrom).filter { instant == nil || $0 <= instant ?? now }
    let seconds: Int64? = row?[1]
    let recorded = seconds.map { Date(timeIntervalSince1970: Double($0)) }
    return ((row?[0] ?? 0) + due.count, (due + [recorded].compactMap { $0 }).max())
  }

  /// The certificates of a CA that are not good, in the order of a list.
  func revoked(by issuer: String) throws -> [CertificateListTemplate.Entry] {
    try entries(issuer, "", []).filter { $0.reason != nil }
  }

  /// The last change of each certificate after an instant: revoked, on hold, or good again.
  func changed(by issuer: String, after instant: Date) throws -> [CertificateListTemplate.Entry] {
    try entries(issuer, "AND knownFrom > ?", [instant.seconds], after: instant)
  }

  private func entries(
    _ issuer: String, _ condition: String, _ arguments: StatementArguments,
    after instant: Date? = nil
  ) throws -> [CertificateListTemplate.Entry] {
    let due = try due(issuer).filter { instant == nil || $0.knownFrom > instant ?? now }
    let overtaken = Set(due.map(\.certificate.serialNumber))
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT serialNumber, at, reason FROM statusChange WHERE id IN
          (SELECT max(id) FROM statusChange
            WHERE issuer = ? AND knownFrom < ? \(condition) GROUP BY serialNumber)
        ORDER BY at, serialNumber
        """, arguments: [issuer, end] + arguments)
    var entries: [CertificateListTemplate.Entry] = []
    while let row = try rows.next() {
      let serialNumber: String = row["serialNumber"]
      guard !overtaken.contains(serialNumber) else { continue }
      entries.append(
        .init(
          serialNumber: Certificate.serialNumber(ofText: serialNumber), at: row.instant("at"),
          reason: Revocation(row)?.reason))
    }
    guard !due.isEmpty else { return entries }
    entries += due.map {
      .init(
        serialNumber: Certificate.serialNumber(ofText: $0.certificate.serialNumber),
        at: $0.revocation.at, reason: $0.revocation.reason)
    }
    // The same list, byte for byte, as when the day has been run.
    return entries.sorted {
      ($0.at, Certificate.text(ofSerialNumber: $0.serialNumber))
        < ($1.at, Certificate.text(ofSerialNumber: $1.serialNumber))
    }
  }

  private func due(_ issuer: String) throws -> [DueRevocation] {
    try authority.due(by: now, "certificate.issuer = ?", [issuer], database)
  }
}

extension Revocation {
  /// A row of statusChange; nil where it says that the certificate is good again.
  init?(_ row: Row) {
    guard let code: Int = row["reason"] else { return nil }
    self.init(at: row.instant("at"), reason: RevocationReason(rawValue: code) ?? .unspecified)
  }
}
