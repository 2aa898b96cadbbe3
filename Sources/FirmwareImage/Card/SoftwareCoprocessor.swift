import Firmware
import ISO7816
import Machine

/// A coprocessor without hardware behind it: enough for everything but asymmetric keys.
///
/// **Not secure.** The machine has no source of randomness: the bytes are those of splitmix64 from
/// the same seed after every reset, so everybody can tell the next challenge. A product puts its
/// generator, its AES and its RSA here.
struct SoftwareCoprocessor: Coprocessor, ~Copyable {
  private var state: UInt64 = 0x736F_6674_646E_6121

  mutating func appendRandom(_ count: Int, to bytes: inout [UInt8]) {
    var word: UInt64 = 0
    for index in 0..<count {
      if index % 8 == 0 { word = nextWord() }
      bytes.append(UInt8(truncatingIfNeeded: word))
      word >>= 8
    }
  }

  private mutating func nextWord() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  mutating func wipe(_ bytes: inout [UInt8]) {
    unsafe bytes.withUnsafeMutableBytes { unsafe machine_wipe($0.baseAddress, $0.count) }
    bytes.removeAll(keepingCapacity: true)
  }

  /// Throws `6A81`: there is nothing that could make a key.
  mutating func generateKeyPair(_ algorithm: KeyAlgorithm, material: inout [UInt8])
    throws(StatusWord)
  { throw .functionNotSupported }

  func isLoaded(_ slot: UInt16) -> Bool { false }

  /// Throws `6A81`: every use of a key begins here, and ends here.
  mutating func load(_ slot: UInt16, _ algorithm: KeyAlgorithm, material: Span<UInt8>)
    throws(StatusWord)
  { throw .functionNotSupported }

  mutating func unload(_ slot: UInt16) {}
  mutating func unloadAll() {}
  func modulusLength(_ slot: UInt16) -> Int { 0 }
  func modulus(_ slot: UInt16, into bytes: inout [UInt8]) {}
  func publicExponent(_ slot: UInt16, into bytes: inout [UInt8]) {}
  func publicPoint(_ slot: UInt16, into bytes: inout [UInt8]) {}

  mutating func applyPrivateKey(
    _ slot: UInt16, to input: Span<UInt8>, into output: inout [UInt8]
  ) throws(StatusWord) { throw .functionNotSupported }

  mutating func signDigest(
    _ slot: UInt16, _ digest: Span<UInt8>, into signature: inout [UInt8]
  ) throws(StatusWord) { throw .functionNotSupported }

  /// There is no button, so nobody presses it.
  mutating func waitForButton() -> Bool { false }

  mutating func authenticationCode(
    of message: Span<UInt8>, key: Span<UInt8>, into code: inout [UInt8]
  ) { AES128(key: key).appendCMAC(of: message, to: &code) }
}
