import CCrypto

/// What is handed over with a device under a scratch-off layer. The authority keeps none of it
/// but a salted hash of the user code.
public struct ScratchCard: Codable, Equatable, Sendable {
  /// The PIN of the CNS key, 8 digits.
  public let pinCNS: String
  /// The PIN of the signature key, 8 digits.
  public let pinSignature: String
  /// The PUK that unblocks the CNS PIN, 8 digits.
  public let pukCNS: String
  /// The PUK that unblocks the signature PIN, 8 digits.
  public let pukSignature: String
  /// The code that suspends the certificates (*codice utente*), 10 digits.
  public let userCode: String

  /// A scratch card from its codes.
  public init(
    pinCNS: String, pinSignature: String, pukCNS: String, pukSignature: String, userCode: String
  ) {
    self.pinCNS = pinCNS
    self.pinSignature = pinSignature
    self.pukCNS = pukCNS
    self.pukSignature = pukSignature
    self.userCode = userCode
  }

  /// Random codes for the card `number`.
  public static func random(
    _ source: RandomSource, for number: CardNumber
  ) -> ScratchCard {
    let label = "scratch card \(number)"
    return ScratchCard(
      pinCNS: source.digits(8, label: "\(label) PIN CNS"),
      pinSignature: source.digits(8, label: "\(label) PIN signature"),
      pukCNS: source.digits(8, label: "\(label) PUK CNS"),
      pukSignature: source.digits(8, label: "\(label) PUK signature"),
      userCode: source.digits(10, label: "\(label) user code"))
  }
}

/// A user code as the database knows it: PBKDF2 (RFC 8018, 5.2) with HMAC-SHA-256, so that the
/// database does not tell the code.
struct UserCodeHash: Equatable, Sendable {
  private static let iterations: Int32 = 10_000
  let salt: [UInt8]
  let hash: [UInt8]

  init(salt: [UInt8], hash: [UInt8]) {
    self.salt = salt
    self.hash = hash
  }

  init(code: String, salt: [UInt8]) throws(AuthorityError) {
    var hash = [UInt8](repeating: 0, count: 32)
    let bytes = code.utf8.map { CChar(bitPattern: $0) }
    try Libcrypto.check(
      PKCS5_PBKDF2_HMAC(
        bytes, Int32(bytes.count), salt, Int32(salt.count), Self.iterations, EVP_sha256(),
        Int32(hash.count), &hash), "hashing a user code")
    self.init(salt: salt, hash: hash)
  }

  /// Whether `code` is the one; takes the same time for every wrong one.
  func matches(_ code: String) throws(AuthorityError) -> Bool {
    let candidate = try UserCodeHash(code: code, salt: salt)
    return CRYPTO_memcmp(candidate.hash, hash, hash.count) == 0
  }
}
