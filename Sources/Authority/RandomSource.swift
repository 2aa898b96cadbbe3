import CCrypto

/// Where random values come from: the system, or a seed from which every value follows.
///
/// A seeded value depends on the seed and on its label only, never on how many values were drawn
/// before it: two processes that ask for the same thing get the same thing, and a new question in
/// one place moves nothing in another. A seeded authority is for tests and demonstrations: who
/// knows the seed knows every key.
public struct RandomSource: Sendable {
  /// The seed; nil for the system's randomness.
  public let seed: UInt64?

  private init(seed: UInt64?) { self.seed = seed }

  /// libcrypto's generator, seeded by the system.
  public static let system = RandomSource(seed: nil)

  /// Values that follow from `seed`.
  public static func seeded(_ seed: UInt64) -> RandomSource { RandomSource(seed: seed) }

  /// `count` random bytes for the purpose `label` names.
  ///
  /// - Throws: `AuthorityError` with rule `libcrypto` where the generator fails.
  public func bytes(_ count: Int, label: String) throws(AuthorityError) -> [UInt8] {
    var stream = RandomStream(self, label: label)
    return try stream.next(count)
  }

  /// `count` decimal digits, each equally likely, for the purpose `label` names.
  ///
  /// - Throws: `AuthorityError` with rule `libcrypto` where the generator fails.
  public func digits(_ count: Int, label: String) throws(AuthorityError) -> String {
    var stream = RandomStream(self, label: label)
    var digits = ""
    while digits.utf8.count < count {
      // 250 is the largest multiple of ten a byte can hold: no digit is favoured.
      for byte in try stream.next(count) where byte < 250 && digits.utf8.count < count {
        digits += String(byte % 10)
      }
    }
    return digits
  }
}

/// The bytes behind one label, as many as are asked for.
///
/// Seeded: block i is SHAKE256 (FIPS 202) of the module's name, the seed, the label and i.
struct RandomStream: ~Copyable {
  private static let blockLength = 1024
  private let source: RandomSource
  private let prefix: [UInt8]
  private var block: [UInt8] = []
  private var used = 0
  private var counter: UInt64 = 0

  init(_ source: RandomSource, label: String) {
    self.source = source
    // The label is fenced by zero bytes, which no label contains: no two inputs are equal.
    prefix =
      Array("softdna authority 1".utf8) + [0] + Self.bigEndian(source.seed ?? 0)
      + Array(label.utf8) + [0]
  }

  mutating func next(_ count: Int) throws(AuthorityError) -> [UInt8] {
    guard source.seed != nil else {
      var bytes = [UInt8](repeating: 0, count: count)
      try Libcrypto.check(RAND_bytes(&bytes, Int32(count)), "drawing random bytes")
      return bytes
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count)
    while bytes.count < count {
      if used == block.count { try refill() }
      let part = min(count - bytes.count, block.count - used)
      bytes += block[used..<used + part]
      used += part
    }
    return bytes
  }

  private mutating func refill() throws(AuthorityError) {
    let attempted = "expanding the seed"
    let context = try Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free, attempted)
    let input = prefix + Self.bigEndian(counter)
    block = [UInt8](repeating: 0, count: Self.blockLength)
    try Libcrypto.check(EVP_DigestInit_ex(context.pointer, EVP_shake256(), nil), attempted)
    try Libcrypto.check(EVP_DigestUpdate(context.pointer, input, input.count), attempted)
    try Libcrypto.check(EVP_DigestFinalXOF(context.pointer, &block, block.count), attempted)
    counter += 1
    used = 0
  }

  private static func bigEndian(_ value: UInt64) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) }
  }
}
