public import Foundation
import GRDB
import Synchronization

/// A certificate revocation list.
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

  /// The CA's full list, as of now: what happened to a certificate counts at once. Made for whoever
  /// asks, and nothing is written: the books say all of it, its number too
  /// (docs/decisions/0028-asking-writes-nothing.md).
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

  private func currentLists(of name: String) throws(AuthorityError) -> PublishedLists {
    let attempted = "making the lists of \(name)"
    let issuer = try issuer(named: name, attempted)
    let now = clock.now
    return try store.read(attempted) { database in
      let books = StatusOnDay(authority: self, database: database, now: now)
      let edition = try ListEdition(issuer.name.rawValue, books)
      let known = lists.withLock { $0[issuer.name] }
      if let known, known.edition == edition { return known }
      let made = try make(edition, issuer, books)
      lists.withLock { $0[issuer.name] = made }
      return made
    }
  }

  private func make(
    _ edition: ListEdition, _ issuer: CertificationAuthority, _ books: StatusOnDay
  ) throws -> PublishedLists {
    let name = issuer.name.rawValue
    func list(
      baseNumber: Int?, seconds: Double, _ entries: [CertificateListTemplate.Entry]
    ) throws -> RevocationList {
      let template = CertificateListTemplate(
        number: edition.number, baseNumber: baseNumber, thisUpdate: edition.thisUpdate,
        nextUpdate: edition.thisUpdate.addingTimeInterval(seconds),
        deltaURL: urls.deltaCRL(issuer.name),
        // No certificate is older than the first second of the era.
        expiredSince: Date(timeIntervalSince1970: 0), entries: entries)
      return RevocationList(
        issuer: name, number: template.number, baseNumber: baseNumber,
        thisUpdate: template.thisUpdate, nextUpdate: template.nextUpdate,
        der: try template.sign(as: issuer))
    }
    return PublishedLists(
      edition: edition,
      full: try list(
        baseNumber: nil, seconds: Self.fullListSeconds, try books.revoked(by: name)),
      delta: try list(
        baseNumber: edition.baseNumber, seconds: Self.deltaListSeconds,
        try books.changed(by: name, after: edition.base)))
  }
}

/// A full list and the delta list of the same number.
struct PublishedLists: Sendable {
  let edition: ListEdition
  let full: RevocationList
  let delta: RevocationList
}

/// Which lists of a CA there are at an instant. A number follows from the books: it counts the hours
/// since the authority began, at each of which there are new lists, and the changes of certificates.
/// Both only grow, so that numbers do (RFC 5280, 5.2.3); the same number is the same list, whoever
/// makes it.
struct ListEdition: Equatable, Sendable {
  let number: Int
  let thisUpdate: Date
  /// What the delta list adds to: the full list of this instant, and every later one.
  let base: Date
  let baseNumber: Int

  init(_ issuer: String, _ books: StatusOnDay) throws {
    let row = try Row.fetchOne(
      books.database,
      sql: "SELECT lastStoredList, createdAt FROM issuer, settings WHERE name = ?",
      arguments: [issuer])
    let before: Int = row?["lastStoredList"] ?? 0
    let created = row?.instant("createdAt") ?? books.now
    func number(_ changes: Int, _ instant: Date) -> Int {
      before + 1 + changes + max(0, Self.hour(instant) - Self.hour(created))
    }
    let changes = try books.changes(of: issuer)
    let hour = Date(timeIntervalSince1970: Double(Self.hour(books.now)) * Self.hourSeconds)
    thisUpdate = min(books.now, max(hour, changes.last ?? hour))
    self.number = number(changes.count, thisUpdate)
    base = thisUpdate.addingTimeInterval(-Authority.fullListSeconds)
    baseNumber = number(try books.changes(of: issuer, by: base).count, base)
  }

  /// New lists come as often as a delta list ends.
  private static let hourSeconds = Authority.deltaListSeconds

  private static func hour(_ instant: Date) -> Int {
    Int((instant.timeIntervalSince1970 / hourSeconds).rounded(.down))
  }
}
