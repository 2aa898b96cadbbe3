import CCrypto

/// An RSA key with the context libcrypto needs for raw operations made once.
public final class RSAPrivateOperation {
  private let key: RSAKey
  private let context: OpaquePointer

  /// Takes over a key.
  public init(_ key: consuming RSAKey) throws(CryptoError) {
    let operation = "prepare an RSA private key"
    context = try CryptoError.require(EVP_PKEY_CTX_new(key.handle, nil), operation)
    self.key = key
    // Signing without a digest and without padding is RSASP1, which is RSADP too.
    try CryptoError.check(EVP_PKEY_sign_init(context), operation)
    try CryptoError.check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), operation)
  }

  deinit { EVP_PKEY_CTX_free(context) }

  /// Bytes in the modulus.
  public var modulusLength: Int { key.modulusLength }
  /// The modulus, big-endian, without leading zeros.
  public var modulus: [UInt8] { key.modulus }
  /// The public exponent, big-endian, without leading zeros.
  public var publicExponent: [UInt8] { key.publicExponent }

  /// RSADP/RSASP1 (RFC 8017, 5.1.2 and 5.2.1): appends `input` to the power of d modulo n, as long
  /// as the modulus.
  ///
  /// - Throws: where the input is not as long as the modulus, or not smaller than it.
  public func apply(to input: Span<UInt8>, into output: inout [UInt8]) throws(CryptoError) {
    let start = output.count
    var length = modulusLength
    for _ in 0..<length { output.append(0) }
    let result = output.withUnsafeMutableBufferPointer { target in
      input.withUnsafeBufferPointer { source in
        EVP_PKEY_sign(
          context, target.baseAddress.map { $0 + start }, &length, source.baseAddress,
          source.count)
      }
    }
    try CryptoError.check(result, "apply an RSA private key")
  }
}
