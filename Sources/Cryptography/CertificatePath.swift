import CCrypto

/// Certificates up to a root that is trusted (RFC 5280, 6).
public struct CertificatePath: ~Copyable {
  private let handles: Handles

  /// libcrypto's trusted store and list of other certificates, freed together.
  // Not private: an optimised build of another module refers to it and would not link.
  struct Handles: ~Copyable {
    let store: OpaquePointer
    let stack: OpaquePointer

    init() throws(CryptoError) {
      guard let store = X509_STORE_new() else { throw CryptoError("make a certificate store") }
      guard let stack = OPENSSL_sk_new_null() else {
        X509_STORE_free(store)
        throw CryptoError("make a list of certificates")
      }
      self.store = store
      self.stack = stack
    }

    deinit {
      OPENSSL_sk_pop_free(stack) { X509_free(OpaquePointer($0)) }
      X509_STORE_free(store)
    }
  }

  /// Trusts the first certificate, a root, and knows the CAs behind it.
  ///
  /// - Parameter chain: certificates in DER.
  public init(_ chain: [[UInt8]]) throws(CryptoError) {
    let handles = try Handles()
    for (index, der) in chain.enumerated() {
      let certificate = try X509Certificate(der: der)
      if index == 0 {
        try CryptoError.check(
          X509_STORE_add_cert(handles.store, certificate.handle), "trust a root certificate")
      } else {
        X509_up_ref(certificate.handle)
        OPENSSL_sk_push(handles.stack, UnsafeRawPointer(certificate.handle))
      }
    }
    self.handles = handles
  }

  /// Why there is no valid path from the root to this certificate, or nil where there is one.
  ///
  /// - Parameter seconds: the instant to judge for, counted from 1970-01-01 UTC.
  public func refusal(of certificate: borrowing X509Certificate, at seconds: Int)
    throws(CryptoError) -> String?
  {
    let operation = "verify a certificate path"
    let context = try CryptoError.require(X509_STORE_CTX_new(), operation)
    defer {
      X509_STORE_CTX_free(context)
      ERR_clear_error()
    }
    try CryptoError.check(
      X509_STORE_CTX_init(context, handles.store, certificate.handle, handles.stack), operation)
    X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(context), time_t(seconds))
    guard X509_verify_cert(context) != 1 else { return nil }
    let code = X509_STORE_CTX_get_error(context)
    return X509_verify_cert_error_string(Int(code)).map { String(cString: $0) } ?? "error \(code)"
  }

  /// Why a signed message (CMS, RFC 5652) is not one by a certificate with a valid path, or nil.
  ///
  /// - Parameter isCAdES: asks for the signed reference to the signer's certificate as well
  ///   (ETSI EN 319 122-1, CAdES-BES).
  public func refusal(ofMessage der: [UInt8], isCAdES: Bool, at seconds: Int)
    throws(CryptoError) -> String?
  {
    let message = try SignedMessage.parse(der)
    defer {
      CMS_ContentInfo_free(message)
      ERR_clear_error()
    }
    let parameters = try CryptoError.require(
      X509_STORE_get0_param(handles.store), "verify a message")
    X509_VERIFY_PARAM_set_time(parameters, time_t(seconds))
    // A signature certificate is none for e-mail, which libcrypto would otherwise ask for.
    X509_VERIFY_PARAM_set_purpose(parameters, X509_PURPOSE_ANY)
    let flags = UInt32(CMS_BINARY) | (isCAdES ? UInt32(CMS_CADES) : 0)
    guard CMS_verify(message, handles.stack, handles.store, nil, nil, flags) != 1 else {
      return nil
    }
    return "\(CryptoError("verify a signed message"))"
  }
}
