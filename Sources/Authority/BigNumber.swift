import CCrypto

/// A libcrypto integer, wiped when it goes: it may be a part of a key.
struct BigNumber: ~Copyable {
  let pointer: OpaquePointer

  /// Zero.
  init() throws(AuthorityError) {
    guard let pointer = BN_new() else { throw .libcrypto("allocating an integer") }
    self.pointer = pointer
  }

  /// The integer whose big-endian bytes are given.
  init(bigEndian bytes: [UInt8]) throws(AuthorityError) {
    guard let pointer = BN_bin2bn(bytes, Int32(bytes.count), nil) else {
      throw .libcrypto("reading an integer")
    }
    self.pointer = pointer
  }

  deinit { BN_clear_free(pointer) }

  /// The number of significant bits.
  var bits: Int { Int(BN_num_bits(pointer)) }

  /// Whether the lowest bit is set.
  var isOdd: Bool { BN_is_odd(pointer) == 1 }

  /// The integer one below.
  func predecessor() throws(AuthorityError) -> BigNumber {
    let result = try BigNumber()
    try Libcrypto.check(BN_sub(result.pointer, pointer, BN_value_one()), "subtracting one")
    return result
  }
}
