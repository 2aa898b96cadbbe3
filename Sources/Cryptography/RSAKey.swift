import CCrypto

/// An RSA key pair in libcrypto. One owner; freed, and its secrets wiped, with it.
public struct RSAKey: ~Copyable {
  /// libcrypto's handle, valid as long as this value.
  public let handle: OpaquePointer

  /// Takes over a handle.
  public init(owning handle: OpaquePointer) { self.handle = handle }

  deinit { EVP_PKEY_free(handle) }

  /// Makes a key pair with the public exponent 65537.
  ///
  /// With the system's randomness libcrypto generates it. With a seed the primes are searched for in
  /// the seed's stream here, so that a seed means the same key under every release of libcrypto.
  ///
  /// - Parameter bits: length of the modulus, a multiple of 2.
  public static func generate(bits: Int, from randomness: inout Randomness)
    throws(CryptoError) -> RSAKey
  {
    guard randomness.isReproducible else { return try generate(bits: bits) }
    return try RememberedKeys.shared.key(bits: bits, from: &randomness)
  }

  private static func generate(bits: Int) throws(CryptoError) -> RSAKey {
    let operation = "generate an RSA key of \(bits) bits"
    let context = try CryptoError.require(
      EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_keygen_init(context), operation)
    try CryptoError.check(EVP_PKEY_CTX_set_rsa_keygen_bits(context, Int32(bits)), operation)
    var key: OpaquePointer?
    try CryptoError.check(EVP_PKEY_keygen(context, &key), operation)
    return RSAKey(owning: try CryptoError.require(key, operation))
  }

  /// A private key from its RSAPrivateKey in DER (RFC 8017, A.1.2).
  public init(der: Span<UInt8>) throws(CryptoError) {
    handle = try PrivateKeyEncoding.read(der, EVP_PKEY_RSA, "read an RSA private key")
  }

  /// Appends the RSAPrivateKey in DER (RFC 8017, A.1.2).
  public func appendDER(to bytes: inout [UInt8]) throws(CryptoError) {
    try PrivateKeyEncoding.append(handle, to: &bytes, "write an RSA private key")
  }

  /// Bytes in the modulus.
  public var modulusLength: Int { (Int(EVP_PKEY_get_bits(handle)) + 7) / 8 }
  /// The modulus, big-endian, without leading zeros.
  public var modulus: [UInt8] { number(OSSL_PKEY_PARAM_RSA_N) }
  /// The public exponent, big-endian, without leading zeros.
  public var publicExponent: [UInt8] { number(OSSL_PKEY_PARAM_RSA_E) }

  private func number(_ name: String) -> [UInt8] {
    var value: OpaquePointer?
    guard EVP_PKEY_get_bn_param(handle, name, &value) == 1, let value else { return [] }
    defer { BN_free(value) }
    var bytes = [UInt8](repeating: 0, count: (Int(BN_num_bits(value)) + 7) / 8)
    BN_bn2bin(value, &bytes)
    return bytes
  }
}
