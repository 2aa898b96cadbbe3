import CCrypto
import Cryptography
import Foundation

/// What a certificate will say, before it is signed (RFC 5280, 4.1).
struct CertificateTemplate {
  /// Big-endian, positive (`Certificate.serialNumber`).
  let serialNumber: [UInt8]
  let subject: DistinguishedName
  /// SubjectPublicKeyInfo.
  let publicKey: [UInt8]
  let notBefore: Date
  let notAfter: Date
  /// Without the two key identifiers, which follow from the keys.
  let extensions: [CertificateExtension]
}

/// Certificates as libcrypto sees them.
enum Certificate {
  /// The object behind the DER bytes.
  static func parse(_ der: [UInt8]) throws(AuthorityError) -> Owned {
    try Libcrypto.parse(der, "reading a certificate", X509_free) { d2i_X509(nil, $0, $1) }
  }

  /// A serial number: 126 random bits in 16 octets, always positive and of one length (RFC 5280,
  /// 4.1.2.2, asks for at most 20 octets; practice asks for at least 64 random bits).
  static func serialNumber(_ random: RandomSource, label: String) -> [UInt8] {
    var bytes = random.bytes(16, label: label)
    bytes[0] = bytes[0] & 0x3F | 0x40
    return bytes
  }

  /// A serial number as the database and `openssl` write it: upper-case hex of its octets.
  static func text(ofSerialNumber number: [UInt8]) -> String {
    number.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
  }

  /// The octets of a serial number from its hex text.
  static func serialNumber(ofText text: String) -> [UInt8] {
    var bytes: [UInt8] = []
    bytes.reserveCapacity(text.utf8.count / 2)
    var high: UInt8?
    for digit in text.utf8 {
      let value = digit <= 0x39 ? digit - 0x30 : digit - 0x37
      if let first = high {
        bytes.append(first << 4 | value)
        high = nil
      } else {
        high = value
      }
    }
    return bytes
  }

  /// The octets of a certificate's serial number.
  static func serialNumber(of der: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let certificate = try parse(der)
    return bytes(of: X509_get_serialNumber(certificate.pointer))
  }

  /// The DER of the subject.
  static func subject(of certificate: borrowing Owned) throws(AuthorityError) -> [UInt8] {
    let name = X509_get_subject_name(certificate.pointer)
    return try Libcrypto.der("encoding a name") { i2d_X509_NAME(name, $0) }
  }

  /// The content of subjectPublicKey: what key hashes are made of.
  static func publicKeyBits(of certificate: borrowing Owned) -> [UInt8] {
    bytes(of: X509_get0_pubkey_bitstr(certificate.pointer))
  }

  /// The octets of a libcrypto string.
  static func bytes(of string: UnsafePointer<ASN1_STRING>?) -> [UInt8] {
    guard let start = ASN1_STRING_get0_data(string) else { return [] }
    return [UInt8](UnsafeBufferPointer(start: start, count: Int(ASN1_STRING_length(string))))
  }

  /// Signs `template` as `issuer`; a nil issuer signs itself.
  static func sign(
    _ template: CertificateTemplate, issuer: [UInt8]?, key: PrivateKey
  ) throws(AuthorityError) -> [UInt8] {
    let attempted = "making the certificate of \(template.subject)"
    let certificate = try Owned(X509_new(), X509_free, attempting: attempted)
    let pointer = certificate.pointer
    try Libcrypto.check(X509_set_version(pointer, 2), attempted)  // v3
    // An ASN1_INTEGER that is not negative holds its magnitude, big-endian.
    try Libcrypto.check(
      ASN1_STRING_set(
        X509_get_serialNumber(pointer), template.serialNumber, Int32(template.serialNumber.count)),
      attempted)
    guard ASN1_TIME_set(X509_getm_notBefore(pointer), seconds(template.notBefore)) != nil,
      ASN1_TIME_set(X509_getm_notAfter(pointer), seconds(template.notAfter)) != nil
    else { throw .libcrypto(attempted) }
    let subject = try template.subject.x509Name()
    try Libcrypto.check(X509_set_subject_name(pointer, subject.pointer), attempted)
    let publicKey = try Libcrypto.parse(template.publicKey, attempted, EVP_PKEY_free) {
      d2i_PUBKEY(nil, $0, $1)
    }
    try Libcrypto.check(X509_set_pubkey(pointer, publicKey.pointer), attempted)
    let ownIdentifier = try keyIdentifier(pointer)
    let issuerIdentifier: [UInt8]
    if let issuer {
      let parsed = try parse(issuer)
      try Libcrypto.check(
        X509_set_issuer_name(pointer, X509_get_subject_name(parsed.pointer)), attempted)
      issuerIdentifier = try keyIdentifier(parsed.pointer)
    } else {
      try Libcrypto.check(X509_set_issuer_name(pointer, subject.pointer), attempted)
      issuerIdentifier = ownIdentifier
    }
    let identifiers: [CertificateExtension] = [
      .subjectKeyIdentifier(ownIdentifier), .authorityKeyIdentifier(issuerIdentifier),
    ]
    for item in template.extensions + identifiers { try item.add(to: pointer) }
    try key.sign(certificate: pointer)
    return try Libcrypto.der(attempted) { i2d_X509(pointer, $0) }
  }

  /// SHA-1 of the public key's bits (RFC 5280, 4.2.1.2, method 1).
  static func keyIdentifier(_ certificate: OpaquePointer) throws(AuthorityError)
    -> [UInt8]
  {
    var digest = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var count: UInt32 = 0
    try Libcrypto.check(
      X509_pubkey_digest(certificate, EVP_sha1(), &digest, &count), "identifying a key")
    return Array(digest.prefix(Int(count)))
  }

  private static func seconds(_ date: Date) -> time_t { time_t(date.timeIntervalSince1970) }
}
