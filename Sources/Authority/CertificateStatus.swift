import Foundation
import GRDB

/// What happens to a certificate's status; always inside the transaction of what happens.
extension Authority {
  /// Revokes or suspends. A suspended certificate that is revoked was not good since its
  /// suspension: it keeps that instant.
  func revoke(
    _ certificate: IssuedCertificate, _ reason: RevocationReason, at instant: Date? = nil,
    _ log: EventLog
  ) throws {
    let at = certificate.revocation?.at ?? instant ?? log.now
    try setStatus(of: certificate, at: at, reason: reason, log)
    try log.append(
      reason == .certificateHold ? .certificateSuspended : .certificateRevoked,
      device: certificate.deviceID,
      [
        "purpose": certificate.purpose.rawValue, "serialNumber": certificate.serialNumber,
        "reason": String(describing: reason),
      ])
  }

  /// Makes a suspended certificate good again.
  func reactivate(_ certificate: IssuedCertificate, _ log: EventLog) throws {
    try setStatus(of: certificate, at: nil, reason: nil, log)
    try log.append(
      .certificateReactivated, device: certificate.deviceID,
      ["purpose": certificate.purpose.rawValue, "serialNumber": certificate.serialNumber])
  }

  private func setStatus(
    of certificate: IssuedCertificate, at: Date?, reason: RevocationReason?, _ log: EventLog
  ) throws {
    try log.database.execute(
      sql: "UPDATE certificate SET revokedAt = ?, revocationReason = ? WHERE id = ?",
      arguments: [at?.seconds, reason?.rawValue, certificate.id])
    try log.database.execute(
      sql: "INSERT INTO statusChange (issuer, serialNumber, at, reason) VALUES (?, ?, ?, ?)",
      arguments: [
        certificate.issuer, certificate.serialNumber, (at ?? log.now).seconds, reason?.rawValue,
      ])
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
  /// Where a device stands now.
  ///
  /// - Throws: rule `unknown`.
  public func status(of device: Device) throws(AuthorityError) -> DeviceStatus {
    try applyDue()
    let now = clock.now
    return try store.read("looking at a device") { database in
      let device = try existing(device.id, database)
      switch device.state {
      case .ordered, .certified: return .inPreparation
      case .abandoned: return .abandoned
      case .active: break
      }
      let current = try IssuedCertificate.fetch(
        database, "deviceId = ? AND notAfter >= ?", [device.id, now.seconds])
      guard Day(now) < device.expiryDay else { return .expired }
      if current.contains(where: { $0.revocation?.reason == .certificateHold }) {
        return .suspended
      }
      let good = current.filter { $0.revocation == nil }
      if good.contains(where: { $0.purpose == .qualifiedSignature }) { return .active }
      return good.isEmpty ? .revoked : .signatureRevoked
    }
  }
}
