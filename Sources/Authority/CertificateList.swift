import Cryptography
import Foundation

/// What a certificate revocation list will say, before it is signed (RFC 5280, 5.1).
struct CertificateListTemplate {
  /// One line: a certificate that is not good, or in a delta list is good again.
  struct Entry {
    /// Big-endian.
    let serialNumber: [UInt8]
    let at: Date
    /// nil in a delta list: removeFromCRL.
    let reason: RevocationReason?
  }

  let number: Int
  /// The number of the full list a delta list adds to; nil in a full list.
  let baseNumber: Int?
  let thisUpdate: Date
  let nextUpdate: Date
  /// Where the delta list to a full list is.
  let deltaURL: String
  /// From when on expired certificates stay on the list (ISO/IEC 9594-8, ExpiredCertsOnCRL).
  let expiredSince: Date
  let entries: [Entry]

  /// Signs the list as `issuer` with sha256WithRSAEncryption; DER.
  func sign(as issuer: CertificationAuthority) throws(AuthorityError) -> [UInt8] {
    let algorithm = DER.sequence([DER.sha256WithRSAEncryption, DER.null])
    var parts = [
      DER.integer(1), algorithm, issuer.subject, DER.time(thisUpdate), DER.time(nextUpdate),
    ]
    // An empty list of entries is left out (RFC 5280, 5.1.2.6).
    if !entries.isEmpty { parts.append(DER.tlv(0x30, encodedEntries)) }
    let extensions = extensions(issuer.keyIdentifier).map(\.der)
    parts.append(DER.context(0, constructed: true, DER.sequence(extensions)))
    let toBeSigned = DER.sequence(parts)
    return DER.sequence([
      toBeSigned, algorithm, DER.bitString(try issuer.key.sign(toBeSigned)),
    ])
  }

  private func extensions(_ keyIdentifier: [UInt8]) -> [CertificateExtension] {
    let number = CertificateExtension(
      id: OID(2, 5, 29, 20), critical: false, value: DER.integer(number))
    let common = [.authorityKeyIdentifier(keyIdentifier), number]
    guard let baseNumber else {
      return common + [
        // RFC 5280, 5.2.6: where the delta list is.
        CertificateExtension(
          id: OID(2, 5, 29, 46), critical: false,
          value: CertificateExtension.distributionPoints(deltaURL)),
        CertificateExtension(
          id: OID(2, 5, 29, 60), critical: false, value: DER.generalizedTime(expiredSince)),
      ]
    }
    // RFC 5280, 5.2.4; critical, so that nobody takes it for a full list.
    return common + [
      CertificateExtension(id: OID(2, 5, 29, 27), critical: true, value: DER.integer(baseNumber))
    ]
  }

  /// The reasonCode extensions (RFC 5280, 5.3.1), each the same in every entry that has it; nil in
  /// `unspecified`, whose code is better left out.
  private static func reasonExtensions(_ code: Int) -> [UInt8] {
    guard code != RevocationReason.unspecified.rawValue else { return [] }
    let reason = CertificateExtension(
      id: OID(2, 5, 29, 21), critical: false, value: DER.enumerated(UInt8(code)))
    return DER.sequence([reason.der])
  }

  /// A list may have a hundred thousand entries: what repeats is encoded once.
  private var encodedEntries: [UInt8] {
    let removeFromCRL = 8
    var reasons: [Int: [UInt8]] = [:]
    var times: [Date: [UInt8]] = [:]
    var bytes: [UInt8] = []
    bytes.reserveCapacity(entries.count * 56)
    for entry in entries {
      let code = entry.reason?.rawValue ?? removeFromCRL
      let reason = reasons[code] ?? Self.reasonExtensions(code)
      reasons[code] = reason
      let time = times[entry.at] ?? DER.time(entry.at)
      times[entry.at] = time
      let serial = DER.integer(entry.serialNumber)
      // 16 octets of number, 15 of time, 14 of reason: the length fits one octet.
      bytes.append(0x30)
      bytes.append(UInt8(serial.count + time.count + reason.count))
      bytes += serial
      bytes += time
      bytes += reason
    }
    return bytes
  }
}
