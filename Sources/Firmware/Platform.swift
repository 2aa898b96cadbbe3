public import ISO7816

/// Non-volatile memory as chips have it: pages that are erased to `FF` as a whole, and units of
/// eight bytes that may be programmed once after each erase.
public protocol Flash: ~Copyable {
  /// Bytes in a page, a multiple of 8.
  var pageSize: Int { get }
  /// Number of pages, even: the store uses the two halves in turn.
  var pageCount: Int { get }
  /// The byte at an address.
  func byte(at address: Int) -> UInt8
  /// Appends the bytes at these addresses.
  func read(_ addresses: Range<Int>, into bytes: inout [UInt8])
  /// Programs one unit; its lowest byte lands at `address`, a multiple of 8.
  ///
  /// - Throws: where the cell did not take the value: worn out, no power, or on a host an I/O error.
  mutating func program(_ unit: UInt64, at address: Int) throws(FlashFailure)
  /// Erases one page to `FF`. Everything programmed before it is durable before it begins, and it is
  /// durable when it returns.
  ///
  /// - Throws: as `program`.
  mutating func erase(page: Int) throws(FlashFailure)
  /// Returns when everything programmed so far survives a loss of power. Between two barriers units
  /// may become durable in any order.
  ///
  /// - Throws: as `program`.
  mutating func barrier() throws(FlashFailure)
}

/// The memory did not take a value. What the unit or page holds now is undefined.
public struct FlashFailure: Error, Sendable {
  /// The memory did not take a value.
  public init() {}
}

/// Kinds of asymmetric key the token knows.
public enum KeyAlgorithm: Equatable, Sendable {
  /// RSA with a modulus of this many bits.
  case rsa(bits: Int)
  /// ECDSA on a curve over a prime field of this many bits: 256 and 384 are NIST's P-256 and P-384.
  case ecdsa(bits: Int)
}

/// The chip's coprocessor: randomness, wiping, keys. With `Flash` it is all the firmware asks of the
/// chip it runs on.
///
/// Keys are loaded into numbered slots, which are volatile. `material` is the coprocessor's own
/// encoding of a private key; the firmware only stores it.
public protocol Coprocessor: ~Copyable {
  /// Appends `count` random bytes.
  mutating func appendRandom(_ count: Int, to bytes: inout [UInt8])
  /// Overwrites with zeros, in a way no optimiser removes, and empties the array.
  mutating func wipe(_ bytes: inout [UInt8])
  /// Makes a key pair and replaces `material` by its private part.
  ///
  /// - Throws: `6A81` where the chip does not know the algorithm.
  mutating func generateKeyPair(_ algorithm: KeyAlgorithm, material: inout [UInt8])
    throws(StatusWord)
  /// The slot holds a key.
  func isLoaded(_ slot: UInt16) -> Bool
  /// Puts a private key into a slot.
  ///
  /// - Throws: `6984` where `material` is no private key.
  mutating func load(_ slot: UInt16, _ algorithm: KeyAlgorithm, material: Span<UInt8>)
    throws(StatusWord)
  /// Empties a slot and wipes what it held.
  mutating func unload(_ slot: UInt16)
  /// Empties every slot.
  mutating func unloadAll()
  /// Bytes in the modulus of the key in this slot.
  func modulusLength(_ slot: UInt16) -> Int
  /// Appends the modulus, big-endian, without leading zeros.
  func modulus(_ slot: UInt16, into bytes: inout [UInt8])
  /// Appends the public exponent, big-endian, without leading zeros.
  func publicExponent(_ slot: UInt16, into bytes: inout [UInt8])
  /// RSADP/RSASP1 (RFC 8017, 5.1.2 and 5.2.1): appends `input` to the power of d modulo n, as long
  /// as the modulus. `input` is as long as the modulus too.
  ///
  /// - Throws: `6A80` where the input is not smaller than the modulus.
  mutating func applyPrivateKey(_ slot: UInt16, to input: Span<UInt8>, into output: inout [UInt8])
    throws(StatusWord)
  /// Appends the uncompressed public point, `04`, x and y (SEC 1, 2.3.3).
  func publicPoint(_ slot: UInt16, into bytes: inout [UInt8])
  /// ECDSA (FIPS 186-5, 6.4.1): appends r and s, each as long as the field.
  ///
  /// - Throws: `6A80` for a digest the coprocessor does not take.
  mutating func signDigest(_ slot: UInt16, _ digest: Span<UInt8>, into signature: inout [UInt8])
    throws(StatusWord)
  /// Waits until somebody presses the token's button; false where nobody does in time.
  mutating func waitForButton() -> Bool
  /// Appends the AES-CMAC of `message` (NIST SP 800-38B), 16 bytes.
  ///
  /// - Parameter key: 16 bytes.
  mutating func authenticationCode(
    of message: Span<UInt8>, key: Span<UInt8>, into code: inout [UInt8])
}
