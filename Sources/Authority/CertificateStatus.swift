import Foundation
import GRDB

/// What happens to a certificate's status; always inside the transaction of what happens.
extension Authority {
  /// Revokes or suspends. A suspended certificate that is revoked was not good since its
  /// suspension: it keeps that instant.
  ///
  /// - Parameter instant: what it is dated, where that is not now.
  func revoke(
    _ certificate: IssuedCertificate, _ reason: RevocationReason, at instant: Date? = nil,
    _ log: EventLog
  ) throws {
    let at = certificate.revocation?.at ?? instant ?? log.now
    try setStatus(of: certificate, at: at, reason: reason, knownFrom: instant ?? log.now, log)
  }

  /// Makes a suspended certificate good again.
  func reactivate(_ certificate: IssuedCertificate, _ log: EventLog) throws {
    try setStatus(of: certificate, at: nil, reason: nil, knownFrom: log.now, log)
  }

  private func setStatus(
    of certificate: IssuedCertificate, at: Date?, reason: RevocationReason?, knownFrom: Date,
    _ log: EventLog
  ) throws {
    try log.database.execute(
      sql: "UPDATE certificate SET revokedAt = ?, revocationReason = ? WHERE id = ?",
      arguments: [at?.seconds, reason?.rawValue, certificate.id])
    try record(
      StatusChange(
        issuer: certificate.issuer, serialNumber: certificate.serialNumber,
        purpose: certificate.purpose.rawValue, at: at ?? log.now, reason: reason,
        knownFrom: knownFrom),
      device: certificate.deviceID, log)
  }

  /// Writes down what lists and answers are made of, and the event.
  func record(_ change: StatusChange, device: Int64, _ log: EventLog) throws {
    try log.database.execute(
      sql: """
        INSERT INTO statusChange (issuer, serialNumber, at, reason, knownFrom)
        VALUES (?, ?, ?, ?, ?)
        """,
      arguments: [
        change.issuer, change.serialNumber, change.at.seconds, change.reason?.rawValue,
        change.knownFrom.seconds,
      ])
    var detail = ["purpose": change.purpose, "serialNumber": change.serialNumber]
    detail["reason"] = change.reason.map { String(describing: $0) }
    try log.append(change.event, device: device, detail)
  }
}

/// That a certificate stopped being good, or is good again.
struct StatusChange {
  let issuer: String
  let serialNumber: String
  /// What the certificate is for, as the event log calls it.
  let purpose: String
  let at: Date
  /// nil: it is good again.
  let reason: RevocationReason?
  /// From when on answers tell of it.
  let knownFrom: Date

  var event: Event.Kind {
    switch reason {
    case nil: .certificateReactivated
    case .certificateHold: .certificateSuspended
    default: .certificateRevoked
    }
  }
}

/// Where a device stands.
public enum DeviceStatus: String, Codable, Sendable {
  /// Not yet in its holder's hands.
  case inPreparation = "in-preparation"
  /// Given up before it was active.
  case abandoned
  /// Both certificates are good.
  case active
  /// Its certificates are suspended.
  case suspended
  /// Its CNS certificate is good, its subscription certificate is revoked.
  case signatureRevoked = "signature-revoked"
  /// Its certificates are revoked.
  case revoked
  /// Its certificates have ended.
  case expired
}

extension Authority {
  /// Where a device stands today, on the authority's clock: what was recorded later does not count,
  /// and what is due counts whether or not somebody has run the day.
  ///
  /// - Throws: rule `unknown`.
  public func status(of device: Device) throws(AuthorityError) -> DeviceStatus {
    let now = clock.now
    return try store.read("looking at a device") { database in
      try StatusOnDay(authority: self, database: database, now: now)
        .status(of: existing(device.id, database))
    }
  }

  /// The last day the history tells of, where that is later than today on the authority's clock.
  public func historyGoesOn() throws(AuthorityError) -> Day? {
    let now = clock.now
    return try store.read("looking at the history") { try EventLog.day(after: now, $0) }
  }
}
