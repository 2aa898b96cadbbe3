import CCrypto
import Cryptography

/// What signs for a benchmark in place of as many cards. Making thousands of RSA keys takes minutes:
/// these share one modulus and differ in their exponents, which is good for nothing else.
struct BenchmarkCard: ~Copyable {
  private static let attempted = "making a benchmark's key"
  private let modulus: Owned
  /// (p - 1)(q - 1)
  private let totient: Owned
  private let work: Owned
  /// The last public exponent; odd.
  private var exponent: UInt = 65_535

  init() throws(AuthorityError) {
    let attempted = Self.attempted
    let modulus = try Owned(BN_new(), BN_free, attempting: attempted)
    let totient = try Owned(BN_new(), BN_free, attempting: attempted)
    let work = try Owned(BN_CTX_new(), BN_CTX_free, attempting: attempted)
    var randomness = Randomness.seeded(1, label: attempted)
    let key = try Libcrypto.run { () throws(CryptoError) in
      try RSAKey.generate(bits: 2048, from: &randomness)
    }
    var primes: [OpaquePointer?] = [nil, nil]
    defer { for prime in primes { BN_clear_free(prime) } }
    for (index, name) in ["rsa-factor1", "rsa-factor2"].enumerated() {
      try Libcrypto.check(EVP_PKEY_get_bn_param(key.handle, name, &primes[index]), attempted)
    }
    try Libcrypto.check(BN_mul(modulus.pointer, primes[0], primes[1], work.pointer), attempted)
    for prime in primes { try Libcrypto.check(BN_sub_word(prime, 1), attempted) }
    try Libcrypto.check(BN_mul(totient.pointer, primes[0], primes[1], work.pointer), attempted)
    self.modulus = modulus
    self.totient = totient
    self.work = work
  }

  /// Another key, unlike all before: the public one, and the secret exponent.
  mutating func makeKey() throws(AuthorityError) -> (publicKey: PublicKey, secret: [UInt8]) {
    let open = try Owned(BN_new(), BN_free, attempting: Self.attempted)
    let secret = try Owned(BN_new(), BN_clear_free, attempting: Self.attempted)
    repeat {
      exponent += 2
      try Libcrypto.check(BN_set_word(open.pointer, exponent), Self.attempted)
      // There is no inverse where the two have a divisor in common.
    } while BN_mod_inverse(secret.pointer, open.pointer, totient.pointer, work.pointer) == nil
    ERR_clear_error()
    return (
      .rsa(modulus: Self.bytes(modulus.pointer), exponent: Self.bytes(open.pointer)),
      Self.bytes(secret.pointer)
    )
  }

  /// The signature of a request by one of the keys (RFC 8017, 8.2.1).
  func sign(_ request: CertificationRequest, with secret: [UInt8]) throws(AuthorityError) -> [UInt8]
  {
    let attempted = "signing with a benchmark's key"
    let length = (Int(BN_num_bits(modulus.pointer)) + 7) / 8
    let info = request.digestInfo
    let padding = [UInt8](repeating: 0xFF, count: length - 3 - info.count)
    let block = try Self.number([0x00, 0x01] + padding + [0x00] + info, attempted)
    let exponent = try Self.number(secret, attempted)
    let result = try Owned(BN_new(), BN_free, attempting: attempted)
    try Libcrypto.check(
      BN_mod_exp(
        result.pointer, block.pointer, exponent.pointer, modulus.pointer, work.pointer), attempted)
    let signature = Self.bytes(result.pointer)
    return [UInt8](repeating: 0, count: length - signature.count) + signature
  }

  private static func number(_ bytes: [UInt8], _ attempted: String) throws(AuthorityError) -> Owned
  {
    try Owned(BN_bin2bn(bytes, Int32(bytes.count), nil), BN_clear_free, attempting: attempted)
  }

  private static func bytes(_ number: OpaquePointer) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: (Int(BN_num_bits(number)) + 7) / 8)
    BN_bn2bin(number, &bytes)
    return bytes
  }
}
