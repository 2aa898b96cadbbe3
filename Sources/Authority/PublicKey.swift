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
      let modulusBits = Self.bits(modulus)
      guard (2048...4096).contains(modulusBits), Self.isOdd(modulus) else {
        throw AuthorityError(
          attempted, .key, "an RSA modulus of \(modulusBits) bits; 2048 to 4096, odd, are accepted")
      }
      let exponentBits = Self.bits(exponent)
      guard (17...64).contains(exponentBits), Self.isOdd(exponent) else {
        throw AuthorityError(
          attempted, .key,
          "an RSA exponent of \(exponentBits) bits; odd and at least 65537 is accepted")
      }
      let rsaEncryption = DER.sequence([OID(1, 2, 840, 113549, 1, 1, 1).der, DER.null])
      let key = DER.sequence([DER.integer(modulus), DER.integer(exponent)])
      return DER.sequence([rsaEncryption, DER.bitString(key)])
    }
  }

  private static func bits(_ number: [UInt8]) -> Int {
    let significant = number.drop { $0 == 0 }
    guard let first = significant.first else { return 0 }
    return significant.count * 8 - first.leadingZeroBitCount
  }

  private static func isOdd(_ number: [UInt8]) -> Bool { (number.last ?? 0) & 1 == 1 }
}
