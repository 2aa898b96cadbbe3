import CCrypto

/// What a revocation list or an OCSP answer says of a certificate.
public enum RevocationStatus: Equatable, Sendable {
  /// It is good.
  case good
  /// It is not, for this reason (CRLReason, RFC 5280, 5.3.1), nil where none is told.
  case revoked(reason: Int?)
  /// Nobody knows it.
  case unknown

  /// What a CA's list says, once its signature was found to be the CA's (RFC 5280, 6.3).
  ///
  /// - Parameters:
  ///   - list: the full list in DER.
  ///   - issuer: the CA's certificate.
  public static func inList(
    _ list: [UInt8], of certificate: borrowing X509Certificate,
    issuer: borrowing X509Certificate
  ) throws(CryptoError) -> RevocationStatus {
    let parsed = list.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_X509_CRL(nil, &position, buffer.count)
    }
    let crl = try CryptoError.require(parsed, "read a revocation list")
    defer { X509_CRL_free(crl) }
    try CryptoError.check(
      X509_CRL_verify(crl, X509_get0_pubkey(issuer.handle)), "verify a revocation list")
    var entry: OpaquePointer?
    guard X509_CRL_get0_by_cert(crl, &entry, certificate.handle) == 1, let entry else {
      return .good
    }
    guard let value = X509_REVOKED_get_ext_d2i(entry, NID_crl_reason, nil, nil) else {
      return .revoked(reason: nil)
    }
    let reason = value.assumingMemoryBound(to: ASN1_ENUMERATED.self)
    defer { ASN1_ENUMERATED_free(reason) }
    return .revoked(reason: Int(ASN1_ENUMERATED_get(reason)))
  }

  /// An OCSP request about one certificate in DER, without a nonce (RFC 6960, 4.1).
  public static func request(
    about certificate: borrowing X509Certificate, issuer: borrowing X509Certificate
  ) throws(CryptoError) -> [UInt8] {
    let operation = "write an OCSP request"
    let request = try CryptoError.require(OCSP_REQUEST_new(), operation)
    defer { OCSP_REQUEST_free(request) }
    let identifier = try CryptoError.require(
      OCSP_cert_to_id(EVP_sha1(), certificate.handle, issuer.handle), operation)
    // The request owns the identifier from here on.
    guard OCSP_request_add0_id(request, identifier) != nil else { throw CryptoError(operation) }
    var encoded: UnsafeMutablePointer<UInt8>?
    let length = i2d_OCSP_REQUEST(request, &encoded)
    try CryptoError.check(length, operation)
    let start = try CryptoError.require(encoded, operation)
    defer { CRYPTO_free(start, "", 0) }
    return Array(UnsafeBufferPointer(start: start, count: Int(length)))
  }

  /// What an OCSP answer says, once its signature was found to be the CA's or its responder's.
  public static func inAnswer(
    _ answer: [UInt8], of certificate: borrowing X509Certificate,
    issuer: borrowing X509Certificate
  ) throws(CryptoError) -> RevocationStatus {
    let operation = "read an OCSP answer"
    let parsed = answer.withUnsafeBufferPointer { buffer -> OpaquePointer? in
      var position = buffer.baseAddress
      return d2i_OCSP_RESPONSE(nil, &position, buffer.count)
    }
    let response = try CryptoError.require(parsed, operation)
    defer { OCSP_RESPONSE_free(response) }
    let basic = try CryptoError.require(OCSP_response_get1_basic(response), operation)
    defer { OCSP_BASICRESP_free(basic) }
    var signer: OpaquePointer?
    guard OCSP_resp_get0_signer(basic, &signer, nil) == 1, let signer else {
      throw CryptoError("find the signer of an OCSP answer")
    }
    // The responder is the CA's (RFC 6960, 4.2.2.2), and its key made the answer.
    try CryptoError.check(
      X509_verify(signer, X509_get0_pubkey(issuer.handle)), "verify an OCSP responder")
    let store = try CryptoError.require(X509_STORE_new(), operation)
    defer { X509_STORE_free(store) }
    try CryptoError.check(
      OCSP_basic_verify(basic, nil, store, UInt(OCSP_NOVERIFY)), "verify an OCSP answer")
    let identifier = try CryptoError.require(
      OCSP_cert_to_id(EVP_sha1(), certificate.handle, issuer.handle), operation)
    defer { OCSP_CERTID_free(identifier) }
    var status: Int32 = 0
    var reason: Int32 = 0
    guard OCSP_resp_find_status(basic, identifier, &status, &reason, nil, nil, nil) == 1 else {
      return .unknown
    }
    switch status {
    case V_OCSP_CERTSTATUS_GOOD: return .good
    case V_OCSP_CERTSTATUS_REVOKED: return .revoked(reason: reason < 0 ? nil : Int(reason))
    default: return .unknown
    }
  }
}
