public import Foundation
import GRDB
import Synchronization

/// A certificate revocation list as it was published.
public struct RevocationList: Equatable, Sendable {
  /// The name of the CA that signed it, as in its URL: `a-cns`.
  public let issuer: String
  /// CRLNumber.
  public let number: Int
  /// BaseCRLNumber of a delta list; nil: a full list.
  public let baseNumber: Int?
  /// When it was made.
  public let thisUpdate: Date
  /// When the next one comes at the latest.
  public let nextUpdate: Date
  /// DER.
  public let der: [UInt8]
}

extension Authority {
  /// Seconds until the next full list comes at the latest.
  static let fullListSeconds: Double = 86_400
  /// Seconds until the next delta list comes at the latest.
  static let deltaListSeconds: Double = 3600

  /// The names of the CAs made so far, as in their URLs; root first.
  public var issuerNames: [String] { hierarchy.withLock { $0.all.map(\.name.rawValue) } }

  /// The CA's full list. A new one is made where something has changed since the last, or its time
  /// is over: what happens to a certificate counts at once.
  ///
  /// - Throws: rule `unknown` for a CA that was never needed.
  public func revocationList(of issuer: String) throws(AuthorityError) -> RevocationList {
    try currentLists(of: issuer).full
  }

  /// The CA's delta list: what has changed since the oldest full list that is still valid, so that
  /// it completes any of them (RFC 5280, 5.2.4).
  ///
  /// - Throws: rule `unknown` for a CA that was never needed.
  public func deltaRevocationList(of issuer: String) throws(AuthorityError) -> RevocationList {
    try currentLists(of: issuer).delta
  }

  private func currentLists(of name: String) throws(AuthorityError) -> (
    full: RevocationList, delta: RevocationList
  ) {
    let attempted = "publishing the lists of \(name)"
    let issuer = try issuer(named: name, attempted)
    let name = issuer.name
    try applyDue()
    let now = clock.now
    if let current = try store.read(attempted, { try valid(name, now, $0) }) { return current }
    return try store.write(attempted) { database in
      // Somebody else may have been faster.
      if let current = try valid(name, now, database) { return current }
      return try publish(issuer, now, database)
    }
  }

  /// The last two lists, where nothing has changed since and both are in their time.
  private func valid(
    _ name: CertificationAuthority.Name, _ now: Date, _ database: Database
  ) throws -> (full: RevocationList, delta: RevocationList)? {
    let rows = try Row.fetchAll(
      database,
      sql: """
        SELECT * FROM crl WHERE issuer = ?1
          AND number = (SELECT max(number) FROM crl WHERE issuer = ?1)
        """, arguments: [name.rawValue])
    let lists = rows.map { RevocationList($0) }
    guard let full = lists.first(where: { $0.baseNumber == nil }),
      let delta = lists.first(where: { $0.baseNumber != nil }),
      full.thisUpdate <= now, now < delta.nextUpdate, now < full.nextUpdate
    else { return nil }
    let lastChange: Int64? = rows.first?["lastChange"]
    return try lastChange == self.lastChange(name, database) ? (full, delta) : nil
  }

  private func lastChange(
    _ name: CertificationAuthority.Name, _ database: Database
  ) throws -> Int64 {
    try Int64.fetchOne(
      database, sql: "SELECT max(id) FROM statusChange WHERE issuer = ?",
      arguments: [name.rawValue]) ?? 0
  }

  private func publish(
    _ issuer: CertificationAuthority, _ now: Date, _ database: Database
  ) throws -> (full: RevocationList, delta: RevocationList) {
    let name = issuer.name
    let lastChange = try lastChange(name, database)
    let last = try Int.fetchOne(
      database, sql: "SELECT max(number) FROM crl WHERE issuer = ?", arguments: [name.rawValue])
    let number = (last ?? 0) + 1
    let base = try Row.fetchOne(
      database,
      sql: """
        SELECT number, lastChange FROM crl WHERE issuer = ? AND baseNumber IS NULL
          AND thisUpdate <= ? AND nextUpdate > ? ORDER BY number LIMIT 1
        """, arguments: [name.rawValue, now.seconds, now.seconds])
    func template(
      baseNumber: Int?, seconds: Double, _ entries: [CertificateListTemplate.Entry]
    ) -> CertificateListTemplate {
      CertificateListTemplate(
        number: number, baseNumber: baseNumber, thisUpdate: now,
        nextUpdate: now.addingTimeInterval(seconds), deltaURL: urls.deltaCRL(name),
        // No certificate is older than the first second of the era.
        expiredSince: Date(timeIntervalSince1970: 0), entries: entries)
    }
    let full = template(
      baseNumber: nil, seconds: Self.fullListSeconds, try fullEntries(name, database))
    let baseNumber: Int = base?["number"] ?? number
    let baseChange: Int64 = base?["lastChange"] ?? lastChange
    let delta = template(
      baseNumber: baseNumber, seconds: Self.deltaListSeconds,
      try deltaEntries(name, since: baseChange, database))
    return (
      try save(full, issuer, lastChange, database), try save(delta, issuer, lastChange, database)
    )
  }

  private func save(
    _ template: CertificateListTemplate, _ issuer: CertificationAuthority, _ lastChange: Int64,
    _ database: Database
  ) throws -> RevocationList {
    let list = RevocationList(
      issuer: issuer.name.rawValue, number: template.number, baseNumber: template.baseNumber,
      thisUpdate: template.thisUpdate, nextUpdate: template.nextUpdate,
      der: try template.sign(as: issuer))
    try database.execute(
      sql: "INSERT INTO crl VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        list.issuer, list.number, list.baseNumber, lastChange, list.thisUpdate.seconds,
        list.nextUpdate.seconds, Data(list.der),
      ])
    return list
  }

  private func fullEntries(
    _ name: CertificationAuthority.Name, _ database: Database
  ) throws -> [CertificateListTemplate.Entry] {
    let rows = try Row.fetchCursor(
      database,
      sql: """
        SELECT serialNumber, revokedAt, revocationReason FROM certificate
        WHERE issuer = ? AND revokedAt IS NOT NULL ORDER BY revokedAt, id
        """, arguments: [name.rawValue])
    var entries: [CertificateListTemplate.Entry] = []
    while let row = try rows.next() {
      let reason: Int = row["revocationReason"]
      entries.append(
        .init(
          serialNumber: Certificate.serialNumber(ofText: row["serialNumber"]),
          at: row.instant("revokedAt"),
          reason: RevocationReason(rawValue: reason) ?? .unspecified))
    }
    return entries
  }

  /// The last change of each certificate since a list: revoked, on hold, or good again.
  private func deltaEntries(
    _ name: CertificationAuthority.Name, since change: Int64, _ database: Database
  ) throws -> [CertificateListTemplate.Entry] {
    try Row.fetchAll(
      database,
      sql: """
        SELECT serialNumber, at, reason FROM statusChange WHERE id IN
          (SELECT max(id) FROM statusChange WHERE issuer = ? AND id > ? GROUP BY serialNumber)
        ORDER BY id
        """, arguments: [name.rawValue, change]
    ).map { row in
      let reason: Int? = row["reason"]
      return .init(
        serialNumber: Certificate.serialNumber(ofText: row["serialNumber"]),
        at: row.instant("at"), reason: reason.flatMap { RevocationReason(rawValue: $0) })
    }
  }
}

extension RevocationList {
  init(_ row: Row) {
    issuer = row["issuer"]
    number = row["number"]
    baseNumber = row["baseNumber"]
    thisUpdate = row.instant("thisUpdate")
    nextUpdate = row.instant("nextUpdate")
    der = row.bytes("der")
  }
}
