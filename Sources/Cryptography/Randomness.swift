import CCrypto

/// A place in a reproducible stream.
struct StreamPlace: Hashable, Sendable {
  let key: [UInt8]
  let position: UInt64
}

/// Where random bytes come from: the system, or a seed that gives the same bytes each time.
public struct Randomness: Sendable {
  /// Key of the stream; nil for the system's randomness.
  private let key: [UInt8]?
  private var position: UInt64 = 0

  /// The system's cryptographic randomness.
  public static var system: Randomness { Randomness(key: nil) }

  /// Bytes that depend on seed and label alone. Streams with different labels are independent.
  ///
  /// Reproducible and therefore worthless as a secret: for tests and scenarios.
  public static func seeded(_ seed: UInt64, label: String) -> Randomness {
    var input = Array("softdna randomness 1\0\(label)\0".utf8)
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      input.append(UInt8(truncatingIfNeeded: seed >> shift))
    }
    return Randomness(key: Digest.sha256(input))
  }

  private init(key: [UInt8]?) { self.key = key }

  /// What the next bytes depend on; nil for the system's randomness.
  var place: StreamPlace? { key.map { StreamPlace(key: $0, position: position) } }

  /// Goes on from another place of the same stream.
  mutating func move(to place: StreamPlace) { position = place.position }

  /// The same seed gives these bytes again.
  public var isReproducible: Bool { key != nil }

  /// Appends `count` bytes.
  public mutating func append(_ count: Int, to bytes: inout [UInt8]) {
    let start = bytes.count
    bytes.reserveCapacity(start + count)
    for _ in 0..<count { bytes.append(0) }
    guard count > 0 else { return }
    guard let key else {
      bytes.withUnsafeMutableBytes { buffer in
        let target = UnsafeMutableRawBufferPointer(rebasing: buffer[start...])
        precondition(
          RAND_bytes(target.bindMemory(to: UInt8.self).baseAddress, Int32(count)) == 1,
          "the system gives no random bytes")
      }
      return
    }
    fill(&bytes, from: start, key: key)
  }

  /// The next `count` bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    var bytes: [UInt8] = []
    append(count, to: &bytes)
    return bytes
  }

  /// An even-handed number below `bound`.
  public mutating func number(below bound: UInt32) -> UInt32 {
    // Values in the last, incomplete round of `bound` would favour small numbers.
    let rounds = UInt32.max / bound * bound
    while true {
      let value = bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
      if value < rounds { return value % bound }
    }
  }

  /// Blocks of SHA-256 over key and counter (the hash construction of NIST SP 800-90A, 10.1.1.4).
  private mutating func fill(_ bytes: inout [UInt8], from start: Int, key: [UInt8]) {
    var block: [UInt8] = []
    var blockNumber = UInt64.max
    for index in start..<bytes.count {
      let wanted = position / 32
      if wanted != blockNumber {
        var input = key
        for shift in stride(from: UInt64(0), to: 64, by: 8) {
          input.append(UInt8(truncatingIfNeeded: wanted >> shift))
        }
        block = Digest.sha256(input)
        blockNumber = wanted
      }
      bytes[index] = block[Int(position % 32)]
      position += 1
    }
  }
}
