import CCrypto

/// A key pair on a NIST curve in libcrypto. One owner; freed, and its secrets wiped, with it.
public struct ECKey: ~Copyable {
  /// libcrypto's handle, valid as long as this value.
  public let handle: OpaquePointer

  private init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { EVP_PKEY_free(handle) }

  /// Makes a key pair: the private part is drawn from `randomness` by rejection (FIPS 186-5, A.2.2).
  ///
  /// - Parameter bits: 256 for P-256, 384 for P-384.
  public static func generate(bits: Int, from randomness: inout Randomness)
    throws(CryptoError) -> ECKey
  {
    let operation = "generate a key on P-\(bits)"
    let identifier = bits == 384 ? NID_secp384r1 : NID_X9_62_prime256v1
    let group = try CryptoError.require(EC_GROUP_new_by_curve_name(identifier), operation)
    defer { EC_GROUP_free(group) }
    let work = try CryptoError.require(BN_CTX_secure_new(), operation)
    defer { BN_CTX_free(work) }
    BN_CTX_start(work)
    let secret = try CryptoError.require(BN_CTX_get(work), operation)
    repeat {
      let bytes = randomness.bytes(bits / 8)
      _ = try CryptoError.require(BN_bin2bn(bytes, Int32(bytes.count), secret), operation)
    } while BN_is_zero(secret) == 1 || BN_cmp(secret, EC_GROUP_get0_order(group)) >= 0
    let point = try CryptoError.require(EC_POINT_new(group), operation)
    defer { EC_POINT_free(point) }
    try CryptoError.check(EC_POINT_mul(group, point, secret, nil, nil, work), operation)
    var encoded = [UInt8](repeating: 0, count: 1 + 2 * (bits / 8))
    guard
      EC_POINT_point2oct(
        group, point, POINT_CONVERSION_UNCOMPRESSED, &encoded, encoded.count, work)
        == encoded.count
    else { throw CryptoError(operation) }
    return try assemble(bits: bits, secret, encoded, operation)
  }

  private static func assemble(
    bits: Int, _ secret: OpaquePointer, _ point: [UInt8], _ operation: String
  ) throws(CryptoError) -> ECKey {
    let builder = try CryptoError.require(OSSL_PARAM_BLD_new(), operation)
    defer { OSSL_PARAM_BLD_free(builder) }
    // The builder keeps the pointers it is given: they must live until the parameters are made.
    let name: StaticString = bits == 384 ? "P-384" : "P-256"
    let made = point.withUnsafeBytes { bytes in
      OSSL_PARAM_BLD_push_utf8_string(builder, pointer("group"), pointer(name), 0) == 1
        && OSSL_PARAM_BLD_push_BN(builder, pointer("priv"), secret) == 1
        && OSSL_PARAM_BLD_push_octet_string(
          builder, pointer("pub"), bytes.baseAddress, bytes.count) == 1
        ? OSSL_PARAM_BLD_to_param(builder) : nil
    }
    let parameters = try CryptoError.require(made, operation)
    defer { OSSL_PARAM_free(parameters) }
    let context = try CryptoError.require(EVP_PKEY_CTX_new_from_name(nil, "EC", nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_fromdata_init(context), operation)
    var key: OpaquePointer?
    // EVP_PKEY_KEYPAIR, a macro over macros.
    try CryptoError.check(
      EVP_PKEY_fromdata(context, &key, 0x01 | 0x02 | 0x04 | 0x80, parameters), operation)
    return ECKey(owning: try CryptoError.require(key, operation))
  }

  private static func pointer(_ name: StaticString) -> UnsafePointer<CChar> {
    UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
  }

  /// A private key from its ECPrivateKey in DER (RFC 5915).
  public init(der: Span<UInt8>) throws(CryptoError) {
    handle = try PrivateKeyEncoding.read(der, EVP_PKEY_EC, "read an elliptic curve private key")
  }

  /// Appends the ECPrivateKey in DER (RFC 5915).
  public func appendDER(to bytes: inout [UInt8]) throws(CryptoError) {
    try PrivateKeyEncoding.append(handle, to: &bytes, "write an elliptic curve private key")
  }

  /// Bytes in a coordinate.
  public var fieldLength: Int { (Int(EVP_PKEY_get_bits(handle)) + 7) / 8 }

  /// The uncompressed public point: `04`, x, y (SEC 1, 2.3.3).
  public var publicPoint: [UInt8] {
    var encoded: UnsafeMutablePointer<UInt8>?
    let length = EVP_PKEY_get1_encoded_public_key(handle, &encoded)
    guard length > 0, let encoded else { return [] }
    defer { CRYPTO_free(encoded, "", 0) }
    return Array(UnsafeBufferPointer(start: encoded, count: length))
  }

  /// ECDSA over a digest (FIPS 186-5, 6.4.1): r and s, each as long as the field.
  public func sign(_ digest: Span<UInt8>) throws(CryptoError) -> [UInt8] {
    let operation = "sign with ECDSA"
    let context = try CryptoError.require(EVP_PKEY_CTX_new(handle, nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_sign_init(context), operation)
    var encoded = [UInt8](repeating: 0, count: Int(EVP_PKEY_get_size(handle)))
    var length = encoded.count
    let result = digest.withUnsafeBufferPointer {
      EVP_PKEY_sign(context, &encoded, &length, $0.baseAddress, $0.count)
    }
    try CryptoError.check(result, operation)
    // ECDSA-Sig-Value ::= SEQUENCE { r INTEGER, s INTEGER } (RFC 3279, 2.2.3).
    let parsed = encoded.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_ECDSA_SIG(nil, &position, length)
    }
    let signature = try CryptoError.require(parsed, operation)
    defer { ECDSA_SIG_free(signature) }
    var plain = [UInt8](repeating: 0, count: 2 * fieldLength)
    let field = fieldLength
    let isWritten = plain.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return false }
      return BN_bn2binpad(ECDSA_SIG_get0_r(signature), base, Int32(field)) == Int32(field)
        && BN_bn2binpad(ECDSA_SIG_get0_s(signature), base + field, Int32(field)) == Int32(field)
    }
    guard isWritten else { throw CryptoError(operation) }
    return plain
  }
}
