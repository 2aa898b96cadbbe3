import CCrypto

/// An X.509 certificate as its reader sees it (RFC 5280).
public struct X509Certificate: ~Copyable {
  let handle: OpaquePointer

  /// Reads a certificate in DER.
  public init(der: [UInt8]) throws(CryptoError) {
    let parsed = der.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_X509(nil, &position, buffer.count)
    }
    handle = try CryptoError.require(parsed, "read a certificate")
  }

  deinit { X509_free(handle) }

  /// The first second it is valid, counted from 1970-01-01 UTC.
  public var notBefore: Int { Self.seconds(X509_get0_notBefore(handle)) }
  /// The last second it is valid, counted from 1970-01-01 UTC.
  public var notAfter: Int { Self.seconds(X509_get0_notAfter(handle)) }

  private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int {
    guard let epoch = ASN1_TIME_set(nil, 0) else { return 0 }
    defer { ASN1_STRING_free(epoch) }
    var days: Int32 = 0
    var seconds: Int32 = 0
    guard ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
    return Int(days) * 86_400 + Int(seconds)
  }

  /// The subject in one line (RFC 2253 order reversed: country first).
  public var subject: String {
    guard let text = X509_NAME_oneline(X509_get_subject_name(handle), nil, 0) else { return "" }
    defer { CRYPTO_free(text, "", 0) }
    return String(cString: text)
  }

  /// The serial number in hexadecimal.
  public var serialNumber: String {
    guard let number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(handle), nil) else { return "" }
    defer { BN_free(number) }
    guard let text = BN_bn2hex(number) else { return "" }
    defer { CRYPTO_free(text, "", 0) }
    return String(cString: text)
  }

  /// The signature is this key's over `message` (RSASSA-PKCS1-v1_5 with SHA-256).
  public func verifies(_ signature: [UInt8], over message: [UInt8]) -> Bool {
    guard let context = EVP_MD_CTX_new() else { return false }
    defer {
      EVP_MD_CTX_free(context)
      ERR_clear_error()
    }
    return EVP_DigestVerifyInit(context, nil, EVP_sha256(), nil, X509_get0_pubkey(handle)) == 1
      && EVP_DigestVerify(context, signature, signature.count, message, message.count) == 1
  }
}
