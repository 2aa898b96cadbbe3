import CCrypto

/// A public key as the token hands it out.
public enum PublicKey: Equatable, Sendable {
  /// Big-endian modulus (2048 to 4096 bits) and public exponent (odd, at least 65537).
  case rsa(modulus: [UInt8], exponent: [UInt8])

  /// The key as SubjectPublicKeyInfo (RFC 5280, 4.1; RFC 3279, 2.3.1).
  ///
  /// - Throws: rule `key` where it may not be certified.
  func subjectPublicKeyInfo() throws(AuthorityError) -> [UInt8] {
    let attempted = "reading a public key"
    switch self {
    case .rsa(let modulus, let exponent):
      let n = try BigNumber(bigEndian: modulus)
      let e = try BigNumber(bigEndian: exponent)
      guard (2048...4096).contains(n.bits), n.isOdd else {
        throw AuthorityError(
          attempted, .key, "an RSA modulus of \(n.bits) bits; 2048 to 4096, odd, are accepted")
      }
      guard (17...64).contains(e.bits), e.isOdd else {
        throw AuthorityError(
          attempted, .key, "an RSA exponent of \(e.bits) bits; odd and at least 65537 is accepted")
      }
      let key = try KeyParameters.key(
        [(OSSL_PKEY_PARAM_RSA_N, n.pointer), (OSSL_PKEY_PARAM_RSA_E, e.pointer)],
        selection: KeyParameters.publicKey, attempted)
      return try Libcrypto.der(attempted) { i2d_PUBKEY(key.pointer, $0) }
    }
  }
}
