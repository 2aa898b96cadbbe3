import CCrypto

extension RSAKey {
  /// Searches primes in a reproducible stream: random odd candidates with the two highest bits set,
  /// so that the modulus has its full length, tried upwards in steps of two.
  static func derive(bits: Int, from randomness: inout Randomness) throws(CryptoError) -> RSAKey {
    let work = try CryptoError.require(BN_CTX_secure_new(), "derive an RSA key from a seed")
    // Wipes and frees every number below.
    defer { BN_CTX_free(work) }
    let numbers = Numbers(work)
    let exponent = try numbers.new()
    try CryptoError.check(BN_set_word(exponent, 65_537), "set a number")
    let first = try prime(bits: bits / 2, exponent, from: &randomness, numbers)
    var second = try prime(bits: bits / 2, exponent, from: &randomness, numbers)
    let distance = try numbers.new()
    while true {
      try CryptoError.check(BN_sub(distance, first, second), "compare two primes")
      // FIPS 186-5, A.1.3: the primes differ in their first 100 bits.
      if Int(BN_num_bits(distance)) > bits / 2 - 100 { break }
      second = try prime(bits: bits / 2, exponent, from: &randomness, numbers)
    }
    // RFC 8017, 3.2: the coefficient is the inverse of q modulo p; p is the larger one.
    let isOrdered = BN_cmp(first, second) > 0
    return try assemble(
      isOrdered ? first : second, isOrdered ? second : first, exponent, numbers)
  }

  private static func prime(
    bits: Int, _ exponent: OpaquePointer, from randomness: inout Randomness, _ numbers: Numbers
  ) throws(CryptoError) -> OpaquePointer {
    let candidate = try numbers.new()
    let less = try numbers.new()
    let divisor = try numbers.new()
    while true {
      var bytes = randomness.bytes(bits / 8)
      bytes[0] |= 0xC0
      bytes[bytes.count - 1] |= 1
      _ = try CryptoError.require(
        BN_bin2bn(bytes, Int32(bytes.count), candidate), "read a number")
      // No gap between primes is this long: past it a new candidate is drawn.
      for _ in 0..<bits * 8 {
        let verdict = BN_check_prime(candidate, numbers.work, nil)
        guard verdict >= 0 else { throw CryptoError("test a prime") }
        if verdict == 1 {
          try CryptoError.check(BN_sub(less, candidate, BN_value_one()), "subtract")
          try CryptoError.check(BN_gcd(divisor, less, exponent, numbers.work), "divide")
          if BN_is_one(divisor) == 1, BN_num_bits(candidate) == bits { return candidate }
        }
        try CryptoError.check(BN_add_word(candidate, 2), "add")
      }
    }
  }

  private static func assemble(
    _ p: OpaquePointer, _ q: OpaquePointer, _ exponent: OpaquePointer, _ numbers: Numbers
  ) throws(CryptoError) -> RSAKey {
    let operation = "assemble an RSA key"
    let work = numbers.work
    let modulus = try numbers.new()
    let pLess = try numbers.new()
    let qLess = try numbers.new()
    let divisor = try numbers.new()
    let product = try numbers.new()
    let multiple = try numbers.new()
    let secret = try numbers.new()
    let pExponent = try numbers.new()
    let qExponent = try numbers.new()
    let coefficient = try numbers.new()
    try CryptoError.check(BN_mul(modulus, p, q, work), operation)
    try CryptoError.check(BN_sub(pLess, p, BN_value_one()), operation)
    try CryptoError.check(BN_sub(qLess, q, BN_value_one()), operation)
    try CryptoError.check(BN_gcd(divisor, pLess, qLess, work), operation)
    try CryptoError.check(BN_mul(product, pLess, qLess, work), operation)
    try CryptoError.check(BN_div(multiple, nil, product, divisor, work), operation)
    _ = try CryptoError.require(BN_mod_inverse(secret, exponent, multiple, work), operation)
    try CryptoError.check(BN_div(nil, pExponent, secret, pLess, work), operation)
    try CryptoError.check(BN_div(nil, qExponent, secret, qLess, work), operation)
    _ = try CryptoError.require(BN_mod_inverse(coefficient, q, p, work), operation)

    let builder = try CryptoError.require(OSSL_PARAM_BLD_new(), operation)
    defer { OSSL_PARAM_BLD_free(builder) }
    // The builder keeps the pointers to the names: they must be static. Some of them are macros over
    // macros, which Swift does not import.
    let parts: [(StaticString, OpaquePointer)] = [
      ("n", modulus), ("e", exponent), ("d", secret), ("rsa-factor1", p), ("rsa-factor2", q),
      ("rsa-exponent1", pExponent), ("rsa-exponent2", qExponent),
      ("rsa-coefficient1", coefficient),
    ]
    for (name, value) in parts {
      let key = UnsafeRawPointer(name.utf8Start).assumingMemoryBound(to: CChar.self)
      try CryptoError.check(OSSL_PARAM_BLD_push_BN(builder, key, value), operation)
    }
    let parameters = try CryptoError.require(OSSL_PARAM_BLD_to_param(builder), operation)
    defer { OSSL_PARAM_free(parameters) }
    let context = try CryptoError.require(
      EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_fromdata_init(context), operation)
    var key: OpaquePointer?
    try CryptoError.check(
      EVP_PKEY_fromdata(context, &key, wholeKeyPair, parameters), operation)
    return RSAKey(owning: try CryptoError.require(key, operation))
  }
}

/// The numbers of one calculation; they live as long as the context.
private struct Numbers {
  let work: OpaquePointer

  init(_ work: OpaquePointer) {
    self.work = work
    BN_CTX_start(work)
  }

  func new() throws(CryptoError) -> OpaquePointer {
    try CryptoError.require(BN_CTX_get(work), "make a number")
  }
}

/// `EVP_PKEY_KEYPAIR`, a macro over macros, which Swift does not import: private and public part with
/// all parameters (`OSSL_KEYMGMT_SELECT_…`).
private let wholeKeyPair: Int32 = 0x01 | 0x02 | 0x04 | 0x80
