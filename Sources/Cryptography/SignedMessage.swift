import CCrypto

/// A signed message whose key is somewhere else, a card for instance: CMS SignedData (RFC 5652) at
/// the level CAdES-BES (ETSI EN 319 122-1, 5.3), the message inside.
public struct SignedMessage: ~Copyable {
  private let message: Message
  private let signer: OpaquePointer
  /// The signed attributes in DER: what the key is to sign (RFC 5652, 5.4).
  public let toBeSigned: [UInt8]

  /// libcrypto's message, freed with its owner.
  // Not private: an optimised build of another module refers to it and would not link.
  struct Message: ~Copyable {
    let pointer: OpaquePointer
    deinit { CMS_ContentInfo_free(pointer) }
  }

  /// Everything but the signature.
  ///
  /// - Parameters:
  ///   - authorities: certificates in DER that lead to the signer's, for whoever verifies.
  ///   - seconds: the signing time, counted from 1970-01-01 UTC.
  public init(
    _ content: [UInt8], signer certificate: borrowing X509Certificate,
    authorities: some Sequence<[UInt8]>, at seconds: Int
  ) throws(CryptoError) {
    let operation = "prepare a signed message"
    let flags = UInt32(CMS_PARTIAL | CMS_BINARY | CMS_CADES | CMS_NOSMIMECAP)
    let message = Message(
      pointer: try CryptoError.require(CMS_sign(nil, nil, nil, nil, flags), operation))
    // libcrypto wants a key that fits the certificate; its public part does.
    let signer = try CryptoError.require(
      CMS_add1_signer(
        message.pointer, certificate.handle, X509_get0_pubkey(certificate.handle), EVP_sha256(),
        flags), operation)
    try Self.addAttributes(to: signer, digest: Digest.sha256(content), at: seconds)
    for der in authorities {
      let authority = try X509Certificate(der: der)
      try CryptoError.check(CMS_add1_cert(message.pointer, authority.handle), operation)
    }
    try CryptoError.check(CMS_set_detached(message.pointer, 0), operation)
    let body = try CryptoError.require(CMS_get0_content(message.pointer), operation)
    if body.pointee == nil { body.pointee = ASN1_OCTET_STRING_new() }
    try CryptoError.check(
      ASN1_OCTET_STRING_set(body.pointee, content, Int32(content.count)), operation)
    toBeSigned = try Self.attributes(of: signer)
    self.message = message
    self.signer = signer
  }

  /// The message in DER with its signature (RSASSA-PKCS1-v1_5 with SHA-256 over `toBeSigned`).
  public func assemble(signature: [UInt8]) throws(CryptoError) -> [UInt8] {
    let operation = "write a signed message"
    let place = try CryptoError.require(CMS_SignerInfo_get0_signature(signer), operation)
    try CryptoError.check(
      ASN1_OCTET_STRING_set(place, signature, Int32(signature.count)), operation)
    var encoded: UnsafeMutablePointer<UInt8>?
    let length = i2d_CMS_ContentInfo(message.pointer, &encoded)
    try CryptoError.check(length, operation)
    let start = try CryptoError.require(encoded, operation)
    defer { CRYPTO_free(start, "", 0) }
    return Array(UnsafeBufferPointer(start: start, count: Int(length)))
  }

  static func parse(_ der: [UInt8]) throws(CryptoError) -> OpaquePointer {
    let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_CMS_ContentInfo(nil, &position, buffer.count)
    }
    return try CryptoError.require(parsed, "read a signed message")
  }

  /// Content type, message digest and signing time; the reference to the certificate is there.
  private static func addAttributes(to signer: OpaquePointer, digest: [UInt8], at seconds: Int)
    throws(CryptoError)
  {
    let operation = "write signed attributes"
    let type = try CryptoError.require(OBJ_nid2obj(NID_pkcs7_data), operation)
    try CryptoError.check(
      CMS_signed_add1_attr_by_NID(
        signer, NID_pkcs9_contentType, V_ASN1_OBJECT, UnsafeRawPointer(type), -1), operation)
    try CryptoError.check(
      CMS_signed_add1_attr_by_NID(
        signer, NID_pkcs9_messageDigest, V_ASN1_OCTET_STRING, digest, Int32(digest.count)),
      operation)
    let time = try CryptoError.require(ASN1_TIME_set(nil, time_t(seconds)), operation)
    defer { ASN1_STRING_free(time) }
    try CryptoError.check(
      CMS_signed_add1_attr_by_NID(
        signer, NID_pkcs9_signingTime, time.pointee.type, UnsafeRawPointer(time), -1), operation)
  }

  /// SET OF Attribute in DER: the elements in the order of their encodings (X.690, 11.6).
  private static func attributes(of signer: OpaquePointer) throws(CryptoError) -> [UInt8] {
    let operation = "encode signed attributes"
    var elements: [[UInt8]] = []
    for index in 0..<CMS_signed_get_attr_count(signer) {
      let attribute = try CryptoError.require(CMS_signed_get_attr(signer, index), operation)
      var encoded: UnsafeMutablePointer<UInt8>?
      let length = i2d_X509_ATTRIBUTE(attribute, &encoded)
      try CryptoError.check(length, operation)
      let start = try CryptoError.require(encoded, operation)
      defer { CRYPTO_free(start, "", 0) }
      elements.append(Array(UnsafeBufferPointer(start: start, count: Int(length))))
    }
    let body = elements.sorted { $0.lexicographicallyPrecedes($1) }.flatMap(\.self)
    let header: [UInt8] =
      switch body.count {
      case 0..<0x80: [0x31, UInt8(body.count)]
      case 0x80..<0x100: [0x31, 0x81, UInt8(body.count)]
      default: [0x31, 0x82, UInt8(body.count >> 8 & 0xFF), UInt8(body.count & 0xFF)]
      }
    return header + body
  }
}
