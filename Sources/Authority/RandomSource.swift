import Cryptography

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
  public func bytes(_ count: Int, label: String) -> [UInt8] {
    var stream = stream(label)
    return stream.bytes(count)
  }

  /// `count` decimal digits, each equally likely, for the purpose `label` names.
  public func digits(_ count: Int, label: String) -> String {
    var stream = stream(label)
    return (0..<count).map { _ in String(stream.number(below: 10)) }.joined()
  }

  /// All bytes behind one label; no label of another module begins like these.
  func stream(_ label: String) -> Randomness {
    seed.map { .seeded($0, label: "authority\0\(label)") } ?? .system
  }
}
