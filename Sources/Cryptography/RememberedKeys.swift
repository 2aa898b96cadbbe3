import Synchronization

/// Keys that were derived from seeds in this process. A seed's key is no secret and always the same:
/// searching its primes again in each replay of a scenario would be time for nothing.
final class RememberedKeys: Sendable {
  static let shared = RememberedKeys()

  private struct Name: Hashable {
    let place: StreamPlace
    let bits: Int
  }
  private struct Entry {
    let der: [UInt8]
    let next: StreamPlace
  }
  /// More than a run needs is forgotten all at once.
  private static let capacity = 256
  private let entries = Mutex<[Name: Entry]>([:])

  /// The key at this place of the stream; the stream goes on behind it.
  func key(bits: Int, from randomness: inout Randomness) throws(CryptoError) -> RSAKey {
    guard let place = randomness.place else {
      return try RSAKey.derive(bits: bits, from: &randomness)
    }
    let name = Name(place: place, bits: bits)
    if let entry = entries.withLock({ $0[name] }) {
      randomness.move(to: entry.next)
      return try RSAKey(der: entry.der.span)
    }
    let key = try RSAKey.derive(bits: bits, from: &randomness)
    var der: [UInt8] = []
    try key.appendDER(to: &der)
    if let next = randomness.place {
      entries.withLock { [der] entries in
        if entries.count >= Self.capacity { entries.removeAll() }
        entries[name] = Entry(der: der, next: next)
      }
    }
    return key
  }
}
