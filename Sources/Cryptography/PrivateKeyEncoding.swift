import CCrypto

/// Private keys between libcrypto and DER, the same for every kind of key.
enum PrivateKeyEncoding {
  /// The key in DER; `type` is EVP_PKEY_RSA or EVP_PKEY_EC. The caller owns the handle.
  static func read(_ der: Span<UInt8>, _ type: Int32, _ operation: String) throws(CryptoError)
    -> OpaquePointer
  {
    let key = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_PrivateKey(type, nil, &position, buffer.count)
    }
    return try CryptoError.require(key, operation)
  }

  /// Appends the key in DER; libcrypto's copy is wiped.
  static func append(_ handle: OpaquePointer, to bytes: inout [UInt8], _ operation: String)
    throws(CryptoError)
  {
    var encoded: UnsafeMutablePointer<UInt8>?
    let length = i2d_PrivateKey(handle, &encoded)
    try CryptoError.check(length, operation)
    guard let encoded else { return }
    bytes.append(contentsOf: UnsafeBufferPointer(start: encoded, count: Int(length)))
    CRYPTO_clear_free(encoded, Int(length), "", 0)
  }
}
