import Foundation
import GRDB

/// A subscription certificate whose chip does not comply any more, and that the books do not know as
/// revoked yet.
struct DueRevocation {
  let certificate: IssuedCertificate
  /// From when on it counts: the first second of the chip's day, or of the certificate.
  let knownFrom: Date

  /// What answers say. A suspended certificate was not good since its suspension.
  var revocation: Revocation {
    Revocation(at: certificate.revocation?.at ?? knownFrom, reason: .privilegeWithdrawn)
  }
}

extension Authority {
  /// What the chips' rules have revoked by now, as far as nobody has recorded it.
  ///
  /// - Parameter condition: on `certificate` and `device`.
  func due(
    by now: Date, _ condition: String, _ arguments: StatementArguments, _ database: Database
  ) throws -> [DueRevocation] {
    let policies = try String.fetchAll(database, sql: "SELECT policy FROM chamber ORDER BY name")
    var due: [DueRevocation] = []
    for text in policies {
      let policy: ChamberPolicy = try JSON.decode(text)
      for rule in policy.chips where rule.signatureRevokedOn <= Day(now) {
        let first = rule.signatureRevokedOn.start
        due += try Row.fetchAll(
          database,
          sql: """
            SELECT certificate.* FROM certificate
              JOIN device ON device.id = certificate.deviceId
              JOIN enrolment ON enrolment.deviceId = device.id
            WHERE enrolment.kind = 'issuance' AND enrolment.state = 'active'
              AND device.chamber = ? AND device.chip = ?
              AND purpose = ? AND notAfter >= ? AND notBefore < ?
              AND \(IssuedCertificate.isNotFinallyRevoked) AND \(condition)
            ORDER BY certificate.id
            """,
          arguments: [
            policy.chamber, rule.chip.rawValue, CertificatePurpose.qualifiedSignature.rawValue,
            first.seconds, Day(now).adding(days: 1).start.seconds,
          ] + arguments
        ).map { row in
          let certificate = try IssuedCertificate(row)
          return DueRevocation(
            certificate: certificate, knownFrom: max(first, certificate.notBefore))
        }
      }
    }
    return due
  }
}
