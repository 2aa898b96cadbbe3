import CCrypto
import Cryptography

/// A certification request whose key is in a card (PKCS #10, RFC 2986): prepared here, signed
/// there, assembled here.
public struct CertificationRequest: Equatable, Sendable {
  /// The DER of CertificationRequestInfo: what the card's key signs (RFC 2986, 4.1).
  public let toBeSigned: [UInt8]

  /// A request for `publicKey` in the name of `subject`, without attributes.
  ///
  /// - Throws: rule `key` where the key may not be certified, `libcrypto` where the name cannot
  ///   be written (an attribute longer than its upper bound, RFC 5280, appendix A).
  public static func prepare(
    subject: DistinguishedName, publicKey: PublicKey
  ) throws(AuthorityError) -> CertificationRequest {
    CertificationRequest(
      toBeSigned: DER.sequence([
        DER.integer(0), try subject.der(), try publicKey.subjectPublicKeyInfo(),
        DER.context(0, constructed: true, []),
      ]))
  }

  /// The same for an RSA key, from its big-endian modulus and public exponent.
  ///
  /// - Throws: as `prepare(subject:publicKey:)`.
  public static func prepare(
    subject: DistinguishedName, modulus: [UInt8], exponent: [UInt8]
  ) throws(AuthorityError) -> CertificationRequest {
    try prepare(subject: subject, publicKey: .rsa(modulus: modulus, exponent: exponent))
  }

  /// DigestInfo of this request (RFC 8017, 9.2), 51 bytes: what a card that pads by itself is
  /// given to sign.
  public var digestInfo: [UInt8] { Digest.sha256Info(toBeSigned) }

  /// The request with its signature, made with PKCS #1 v1.5 and SHA-256: the DER that
  /// `Authority.certify` takes. The signature is verified there, not here.
  public func assemble(signature: [UInt8]) -> [UInt8] {
    // sha256WithRSAEncryption, its parameters NULL (RFC 4055, 5)
    let algorithm = DER.sequence([DER.sha256WithRSAEncryption, DER.null])
    return DER.sequence([toBeSigned, algorithm, DER.bitString(signature)])
  }
}

/// A request that was received and proved (RFC 2986, 3).
struct ProvedRequest {
  /// The DER of the name it asks for.
  let subject: [UInt8]
  /// SubjectPublicKeyInfo of the key that signed it.
  let publicKey: [UInt8]

  /// Reads a request and verifies its signature with the key it carries.
  init(_ der: [UInt8]) throws(AuthorityError) {
    let attempted = "verifying a certification request"
    let request = try Libcrypto.parse(der, attempted, X509_REQ_free) { d2i_X509_REQ(nil, $0, $1) }
    let algorithm = X509_REQ_get_signature_nid(request.pointer)
    let accepted = [
      NID_sha256WithRSAEncryption, NID_sha384WithRSAEncryption, NID_sha512WithRSAEncryption,
    ]
    guard accepted.contains(algorithm) else {
      throw AuthorityError(
        attempted, .proofOfPossession, "signed with algorithm \(algorithm), not SHA-2 with RSA")
    }
    guard let key = X509_REQ_get0_pubkey(request.pointer) else { throw .libcrypto(attempted) }
    guard X509_REQ_verify(request.pointer, key) == 1 else {
      let cause = AuthorityError.libcrypto(attempted)
      throw AuthorityError(
        attempted, .proofOfPossession,
        "the signature is not made with the key in the request: \(cause.reason)", code: cause.code)
    }
    guard EVP_PKEY_get_bits(key) >= 2048 else {
      throw AuthorityError(attempted, .key, "\(EVP_PKEY_get_bits(key)) bits are too few")
    }
    publicKey = try Libcrypto.der(attempted) { i2d_PUBKEY(key, $0) }
    subject = try Libcrypto.der(attempted) {
      i2d_X509_NAME(X509_REQ_get_subject_name(request.pointer), $0)
    }
  }
}
