import CCrypto

extension X509Certificate {
  /// Names and signature say that this CA issued it (RFC 5280, 6.1.3).
  public func isIssued(by issuer: borrowing X509Certificate) -> Bool {
    defer { ERR_clear_error() }
    return X509_NAME_cmp(
      X509_get_issuer_name(handle), X509_get_subject_name(issuer.handle)) == 0
      && X509_verify(handle, X509_get0_pubkey(issuer.handle)) == 1
  }

  /// Bytes in the modulus of the certificate's RSA key.
  public var modulusLength: Int { (Int(EVP_PKEY_get_bits(X509_get0_pubkey(handle))) + 7) / 8 }

  /// RSAEP (RFC 8017, 5.1.1): the block, as long as the modulus, to the power of e modulo n.
  public func applyPublicKey(to block: [UInt8]) throws(CryptoError) -> [UInt8] {
    let operation = "encrypt with a certificate's key"
    let context = try CryptoError.require(
      EVP_PKEY_CTX_new(X509_get0_pubkey(handle), nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_encrypt_init(context), operation)
    try CryptoError.check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), operation)
    var output = [UInt8](repeating: 0, count: modulusLength)
    var length = output.count
    try CryptoError.check(
      EVP_PKEY_encrypt(context, &output, &length, block, block.count), operation)
    return Array(output.prefix(length))
  }
}
