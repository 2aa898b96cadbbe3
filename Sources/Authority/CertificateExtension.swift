import CCrypto
import Cryptography

/// One extension of a certificate (RFC 5280, 4.2).
struct CertificateExtension: Equatable, Sendable {
  let id: OID
  let critical: Bool
  let value: [UInt8]

  private static let arc = OID(2, 5, 29)
  private static let pkix = OID(1, 3, 6, 1, 5, 5, 7)

  /// RFC 5280, 4.2.1.1: the key identifier form.
  static func authorityKeyIdentifier(_ identifier: [UInt8]) -> CertificateExtension {
    CertificateExtension(
      id: arc.appending(35), critical: false,
      value: DER.sequence([DER.context(0, constructed: false, identifier)]))
  }

  /// RFC 5280, 4.2.1.2.
  static func subjectKeyIdentifier(_ identifier: [UInt8]) -> CertificateExtension {
    CertificateExtension(
      id: arc.appending(14), critical: false, value: DER.octetString(identifier))
  }

  /// The bits of RFC 5280, 4.2.1.3.
  enum KeyUsage: Int {
    case digitalSignature = 0
    /// X.509 calls it contentCommitment since 2001; the profiles keep the older name.
    case nonRepudiation = 1
    case keyEncipherment = 2
    case keyCertSign = 5
    case crlSign = 6
  }

  /// RFC 5280, 4.2.1.3; critical.
  static func keyUsage(_ usages: [KeyUsage]) -> CertificateExtension {
    CertificateExtension(
      id: arc.appending(15), critical: true, value: DER.namedBits(Set(usages.map(\.rawValue))))
  }

  /// A policy and the notice that goes with it (RFC 5280, 4.2.1.4).
  struct Policy {
    let id: OID
    var explicitText: String?
  }

  /// RFC 5280, 4.2.1.4; notices as UTF8String, which the same clause asks of CAs.
  static func certificatePolicies(_ policies: [Policy]) -> CertificateExtension {
    let userNotice = pkix.appending(2, 2)
    let values = policies.map { policy -> [UInt8] in
      guard let text = policy.explicitText else { return DER.sequence([policy.id.der]) }
      let notice = DER.sequence([DER.utf8String(text)])
      return DER.sequence([
        policy.id.der, DER.sequence([DER.sequence([userNotice.der, notice])]),
      ])
    }
    return CertificateExtension(
      id: arc.appending(32), critical: false, value: DER.sequence(values))
  }

  /// RFC 5280, 4.2.1.9, for a CA; critical.
  static func basicConstraints(pathLength: UInt8) -> CertificateExtension {
    CertificateExtension(
      id: arc.appending(19), critical: true,
      value: DER.sequence([DER.true, DER.integer(pathLength)]))
  }

  /// RFC 5280, 4.2.1.12.
  static func extendedKeyUsage(_ purposes: [OID]) -> CertificateExtension {
    CertificateExtension(
      id: arc.appending(37), critical: false, value: DER.sequence(purposes.map(\.der)))
  }

  /// id-kp-clientAuth (RFC 5280, 4.2.1.12).
  static let clientAuth = pkix.appending(3, 2)

  /// id-kp-OCSPSigning (RFC 6960, 4.2.2.2).
  static let ocspSigning = pkix.appending(3, 9)
  /// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1): nobody asks about the responder.
  static let ocspNoCheck = CertificateExtension(
    id: pkix.appending(48, 1, 5), critical: false, value: DER.null)

  /// RFC 5280, 4.2.1.13: one distribution point, reached by URL.
  static func crlDistributionPoint(_ url: String) -> CertificateExtension {
    CertificateExtension(id: arc.appending(31), critical: false, value: distributionPoints(url))
  }

  /// CRLDistributionPoints with one URL.
  static func distributionPoints(_ url: String) -> [UInt8] {
    let name = DER.context(6, constructed: false, Array(url.utf8))
    let fullName = DER.context(0, constructed: true, name)
    return DER.sequence([DER.sequence([DER.context(0, constructed: true, fullName)])])
  }

  /// Extension (RFC 5280, 4.1): what is not critical does not say so (X.690, 11.5).
  var der: [UInt8] {
    DER.sequence([id.der, critical ? DER.true : [], DER.octetString(value)])
  }

  /// RFC 5280, 4.2.2.1: where the issuer's certificate and the OCSP responder are.
  static func authorityInformationAccess(caIssuers: String, ocsp: String)
    -> CertificateExtension
  {
    func access(_ method: UInt, _ url: String) -> [UInt8] {
      DER.sequence([
        pkix.appending(48, method).der, DER.context(6, constructed: false, Array(url.utf8)),
      ])
    }
    return CertificateExtension(
      id: pkix.appending(1, 1), critical: false,
      value: DER.sequence([access(2, caIssuers), access(1, ocsp)]))
  }

  /// The statements of a qualified certificate for electronic signatures whose key is in a
  /// qualified device (RFC 3739, 3.2.6; ETSI EN 319 412-5, 4.2 and 4.3).
  static func qualifiedStatements(
    retentionYears: UInt8, disclosureStatements: [(url: String, language: String)]
  ) -> CertificateExtension {
    let etsi = OID(0, 4, 0, 1862, 1)
    let disclosures = disclosureStatements.map {
      DER.sequence([DER.ia5String($0.url), DER.printableString($0.language)])
    }
    return CertificateExtension(
      id: pkix.appending(1, 3), critical: false,
      value: DER.sequence([
        DER.sequence([etsi.appending(1).der]),  // QcCompliance
        DER.sequence([etsi.appending(3).der, DER.integer(retentionYears)]),  // QcRetentionPeriod
        DER.sequence([etsi.appending(4).der]),  // QcSSCD
        DER.sequence([etsi.appending(5).der, DER.sequence(disclosures)]),  // QcPDS
        DER.sequence([etsi.appending(6).der, DER.sequence([etsi.appending(6, 1).der])]),  // esign
      ]))
  }

  /// Adds the extension to a certificate under construction.
  func add(to certificate: OpaquePointer) throws(AuthorityError) {
    let attempted = "adding extension \(id)"
    guard let object = OBJ_txt2obj(id.description, 1) else { throw .libcrypto(attempted) }
    defer { ASN1_OBJECT_free(object) }
    guard let octets = ASN1_OCTET_STRING_new() else { throw .libcrypto(attempted) }
    defer { ASN1_OCTET_STRING_free(octets) }
    try Libcrypto.check(ASN1_OCTET_STRING_set(octets, value, Int32(value.count)), attempted)
    let encoded = try Owned(
      X509_EXTENSION_create_by_OBJ(nil, object, critical ? 1 : 0, octets), X509_EXTENSION_free,
      attempting: attempted)
    try Libcrypto.check(X509_add_ext(certificate, encoded.pointer, -1), attempted)
  }
}
