import CCrypto
import Foundation

/// RSA keys that follow from a stream of bytes, so that a seed gives the same key with every
/// release of libcrypto: only its arithmetic is used, not its generator.
///
/// p and q are the first values of the stream that fit: their two highest bits set (the product
/// then has its full length), odd, with p-1 and q-1 prime to e = 65537, and far apart (FIPS 186-5,
/// A.1.3, asks for |p-q| > 2^(bits/2-100)).
enum SeededRSAKey {
  static let publicExponent: UInt = 65_537
  private static let attempted = "deriving an RSA key from the seed"

  static func derive(bits: Int, from stream: inout RandomStream) throws(AuthorityError) -> Owned {
    let context = try Owned(BN_CTX_secure_new(), BN_CTX_free, attempted)
    let exponent = try BigNumber()
    try Libcrypto.check(BN_set_word(exponent.pointer, publicExponent), attempted)
    let first = try prime(bits / 2, exponent, &stream, context)
    var second = try prime(bits / 2, exponent, &stream, context)
    while try !farApart(first, second, bits) {
      second = try prime(bits / 2, exponent, &stream, context)
    }
    // By convention p is the larger: the coefficient is q^-1 mod p (RFC 8017, 3.2).
    return BN_cmp(first.pointer, second.pointer) > 0
      ? try assemble(first, second, exponent, context)
      : try assemble(second, first, exponent, context)
  }

  private static func prime(
    _ bits: Int, _ exponent: borrowing BigNumber, _ stream: inout RandomStream,
    _ context: borrowing Owned
  ) throws(AuthorityError) -> BigNumber {
    let divisor = try BigNumber()
    while true {
      var bytes = try stream.next(bits / 8)
      bytes[0] |= 0xC0
      bytes[bytes.count - 1] |= 0x01
      let candidate = try BigNumber(bigEndian: bytes)
      bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
      let predecessor = try candidate.predecessor()
      try Libcrypto.check(
        BN_gcd(divisor.pointer, predecessor.pointer, exponent.pointer, context.pointer), attempted)
      guard BN_is_one(divisor.pointer) == 1 else { continue }
      switch BN_check_prime(candidate.pointer, context.pointer, nil) {
      case 1: return candidate
      case 0: continue
      default: throw .libcrypto(attempted)
      }
    }
  }

  private static func farApart(
    _ p: borrowing BigNumber, _ q: borrowing BigNumber, _ bits: Int
  ) throws(AuthorityError) -> Bool {
    let difference = try BigNumber()
    try Libcrypto.check(BN_sub(difference.pointer, p.pointer, q.pointer), attempted)
    return difference.bits > bits / 2 - 100
  }

  private static func assemble(
    _ p: borrowing BigNumber, _ q: borrowing BigNumber, _ e: borrowing BigNumber,
    _ context: borrowing Owned
  ) throws(AuthorityError) -> Owned {
    let n = try BigNumber()
    let d = try BigNumber()
    let dP = try BigNumber()
    let dQ = try BigNumber()
    let coefficient = try BigNumber()
    let product = try BigNumber()
    let divisor = try BigNumber()
    let lambda = try BigNumber()
    let p1 = try p.predecessor()
    let q1 = try q.predecessor()
    let scratch = context.pointer
    // d = e^-1 mod lcm(p-1, q-1) (RFC 8017, 3.2)
    try Libcrypto.check(BN_mul(n.pointer, p.pointer, q.pointer, scratch), attempted)
    try Libcrypto.check(BN_mul(product.pointer, p1.pointer, q1.pointer, scratch), attempted)
    try Libcrypto.check(BN_gcd(divisor.pointer, p1.pointer, q1.pointer, scratch), attempted)
    try Libcrypto.check(
      BN_div(lambda.pointer, nil, product.pointer, divisor.pointer, scratch), attempted)
    for (result, value, modulus) in [
      (d.pointer, e.pointer, lambda.pointer), (coefficient.pointer, q.pointer, p.pointer),
    ] where BN_mod_inverse(result, value, modulus, scratch) == nil {
      throw .libcrypto(attempted)
    }
    // BN_nnmod is what the macro BN_mod becomes for positive numbers.
    try Libcrypto.check(BN_nnmod(dP.pointer, d.pointer, p1.pointer, scratch), attempted)
    try Libcrypto.check(BN_nnmod(dQ.pointer, d.pointer, q1.pointer, scratch), attempted)
    return try KeyParameters.key(
      [
        (OSSL_PKEY_PARAM_RSA_N, n.pointer), (OSSL_PKEY_PARAM_RSA_E, e.pointer),
        (OSSL_PKEY_PARAM_RSA_D, d.pointer), (OSSL_PKEY_PARAM_RSA_FACTOR + "1", p.pointer),
        (OSSL_PKEY_PARAM_RSA_FACTOR + "2", q.pointer),
        (OSSL_PKEY_PARAM_RSA_EXPONENT + "1", dP.pointer),
        (OSSL_PKEY_PARAM_RSA_EXPONENT + "2", dQ.pointer),
        (OSSL_PKEY_PARAM_RSA_COEFFICIENT + "1", coefficient.pointer),
      ], selection: KeyParameters.keyPair, attempted)
  }
}

/// RSA keys from their numbers.
enum KeyParameters {
  /// EVP_PKEY_PUBLIC_KEY, a macro Swift does not import.
  static let publicKey =
    OSSL_KEYMGMT_SELECT_PUBLIC_KEY | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS
    | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS
  /// EVP_PKEY_KEYPAIR, likewise.
  static let keyPair = publicKey | OSSL_KEYMGMT_SELECT_PRIVATE_KEY

  static func key(
    _ numbers: [(String, OpaquePointer)], selection: Int32, _ attempted: String
  ) throws(AuthorityError) -> Owned {
    let builder = try Owned(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free, attempted)
    // The builder and what it builds keep the pointers to the names, not the names.
    let names = numbers.map { strdup($0.0) }
    defer { for name in names { free(name) } }
    for (name, number) in zip(names, numbers) {
      try Libcrypto.check(OSSL_PARAM_BLD_push_BN(builder.pointer, name, number.1), attempted)
    }
    guard let parameters = OSSL_PARAM_BLD_to_param(builder.pointer) else {
      throw .libcrypto(attempted)
    }
    defer { OSSL_PARAM_free(parameters) }
    let context = try Owned(
      EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), EVP_PKEY_CTX_free, attempted)
    try Libcrypto.check(EVP_PKEY_fromdata_init(context.pointer), attempted)
    var key: OpaquePointer?
    try Libcrypto.check(
      EVP_PKEY_fromdata(context.pointer, &key, selection, parameters), attempted)
    return try Owned(key, EVP_PKEY_free, attempted)
  }
}
