import CCrypto

extension RSAKey {
  /// Searches primes in a reproducible stream: random odd candidates with the two highest bits set,
  /// so that the modulus has its full length, tried upwards in steps of two.
  static func derive(bits: Int, from randomness: inout Randomness) throws(CryptoError) -> RSAKey {
    let operation = "derive an RSA key of \(bits) bits from a seed"
    let work = try CryptoError.require(BN_CTX_new(), operation)
    defer { BN_CTX_free(work) }
    let exponent = try BigNumber(word: 65_537)
    let first = try prime(bits: bits / 2, exponent, from: &randomness, work)
    var second = try prime(bits: bits / 2, exponent, from: &randomness, work)
    while try !areFarApart(first, second, bits: bits) {
      second = try prime(bits: bits / 2, exponent, from: &randomness, work)
    }
    return try assemble(first, second, exponent, work, operation)
  }

  private static func prime(
    bits: Int, _ exponent: borrowing BigNumber, from randomness: inout Randomness,
    _ work: OpaquePointer
  ) throws(CryptoError) -> BigNumber {
    let operation = "search a prime"
    while true {
      var bytes = randomness.bytes(bits / 8)
      bytes[0] |= 0xC0
      bytes[bytes.count - 1] |= 1
      let candidate = try BigNumber(bytes)
      let less = try BigNumber(word: 0)
      let divisor = try BigNumber(word: 0)
      // Past the length of the search a new candidate is drawn, as no gap is that long.
      for _ in 0..<bits * 8 {
        let verdict = BN_check_prime(candidate.handle, work, nil)
        guard verdict >= 0 else { throw CryptoError(operation) }
        if verdict == 1 {
          try CryptoError.check(BN_sub(less.handle, candidate.handle, BN_value_one()), operation)
          try CryptoError.check(
            BN_gcd(divisor.handle, less.handle, exponent.handle, work), operation)
          if BN_is_one(divisor.handle) == 1, BN_num_bits(candidate.handle) == bits {
            return candidate
          }
        }
        try CryptoError.check(BN_add_word(candidate.handle, 2), operation)
      }
    }
  }

  /// FIPS 186-5, A.1.3: the primes differ in their first 100 bits.
  private static func areFarApart(
    _ first: borrowing BigNumber, _ second: borrowing BigNumber, bits: Int
  ) throws(CryptoError) -> Bool {
    let distance = try BigNumber(word: 0)
    try CryptoError.check(
      BN_sub(distance.handle, first.handle, second.handle), "compare two primes")
    return Int(BN_num_bits(distance.handle)) > bits / 2 - 100
  }

  private static func assemble(
    _ first: borrowing BigNumber, _ second: borrowing BigNumber, _ exponent: borrowing BigNumber,
    _ work: OpaquePointer, _ operation: String
  ) throws(CryptoError) -> RSAKey {
    // RFC 8017 wants the larger prime first where CRT coefficients are given.
    let swapped = BN_cmp(first.handle, second.handle) < 0
    let (p, q) = swapped ? (second.handle, first.handle) : (first.handle, second.handle)
    let modulus = try BigNumber(word: 0)
    let pLess = try BigNumber(word: 0)
    let qLess = try BigNumber(word: 0)
    let divisor = try BigNumber(word: 0)
    let product = try BigNumber(word: 0)
    let multiple = try BigNumber(word: 0)
    let secret = try BigNumber(word: 0)
    let pExponent = try BigNumber(word: 0)
    let qExponent = try BigNumber(word: 0)
    let coefficient = try BigNumber(word: 0)
    for number in [pLess.handle, qLess.handle, secret.handle] {
      BN_set_flags(number, BN_FLG_CONSTTIME)
    }
    try CryptoError.check(BN_mul(modulus.handle, p, q, work), operation)
    try CryptoError.check(BN_sub(pLess.handle, p, BN_value_one()), operation)
    try CryptoError.check(BN_sub(qLess.handle, q, BN_value_one()), operation)
    try CryptoError.check(BN_gcd(divisor.handle, pLess.handle, qLess.handle, work), operation)
    try CryptoError.check(BN_mul(product.handle, pLess.handle, qLess.handle, work), operation)
    try CryptoError.check(
      BN_div(multiple.handle, nil, product.handle, divisor.handle, work), operation)
    _ = try CryptoError.require(
      BN_mod_inverse(secret.handle, exponent.handle, multiple.handle, work), operation)
    try CryptoError.check(
      BN_div(nil, pExponent.handle, secret.handle, pLess.handle, work), operation)
    try CryptoError.check(
      BN_div(nil, qExponent.handle, secret.handle, qLess.handle, work), operation)
    _ = try CryptoError.require(BN_mod_inverse(coefficient.handle, q, p, work), operation)

    let builder = try CryptoError.require(OSSL_PARAM_BLD_new(), operation)
    defer { OSSL_PARAM_BLD_free(builder) }
    for (name, value) in [
      (OSSL_PKEY_PARAM_RSA_N, modulus.handle), (OSSL_PKEY_PARAM_RSA_E, exponent.handle),
      (OSSL_PKEY_PARAM_RSA_D, secret.handle), ("rsa-factor1", p),
      ("rsa-factor2", q), ("rsa-exponent1", pExponent.handle),
      ("rsa-exponent2", qExponent.handle),
      ("rsa-coefficient1", coefficient.handle),
    ] {
      try CryptoError.check(OSSL_PARAM_BLD_push_BN(builder, name, value), operation)
    }
    let parameters = try CryptoError.require(OSSL_PARAM_BLD_to_param(builder), operation)
    defer { OSSL_PARAM_free(parameters) }
    let context = try CryptoError.require(
      EVP_PKEY_CTX_new_from_name(nil, "RSA", nil), operation)
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_fromdata_init(context), operation)
    var key: OpaquePointer?
    try CryptoError.check(
      EVP_PKEY_fromdata(context, &key, EVP_PKEY_KEYPAIR, parameters), operation)
    return RSAKey(owning: try CryptoError.require(key, operation))
  }
}

/// A big number of libcrypto; wiped and freed with its owner.
struct BigNumber: ~Copyable {
  let handle: OpaquePointer

  init(word: UInt) throws(CryptoError) {
    let number = try CryptoError.require(BN_secure_new(), "make a number")
    guard BN_set_word(number, word) == 1 else {
      BN_clear_free(number)
      throw CryptoError("set a number")
    }
    handle = number
  }

  init(_ bytes: [UInt8]) throws(CryptoError) {
    handle = try CryptoError.require(
      BN_bin2bn(bytes, Int32(bytes.count), nil), "read a number")
  }

  deinit { BN_clear_free(handle) }
}

/// EVP_PKEY_KEYPAIR is a macro over macros, which Swift does not import.
private let EVP_PKEY_KEYPAIR =
  OSSL_KEYMGMT_SELECT_PRIVATE_KEY | OSSL_KEYMGMT_SELECT_PUBLIC_KEY
  | OSSL_KEYMGMT_SELECT_DOMAIN_PARAMETERS | OSSL_KEYMGMT_SELECT_OTHER_PARAMETERS
