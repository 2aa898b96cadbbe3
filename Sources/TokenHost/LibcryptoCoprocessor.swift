import CCrypto
import Cryptography
import Firmware
import ISO7816

/// The chip's coprocessor on Linux: libcrypto. Private keys are RSAPrivateKey (RFC 8017, A.1.2) or
/// ECPrivateKey (RFC 5915) in DER.
struct LibcryptoCoprocessor: Coprocessor, ~Copyable {
  private var randomness: Randomness
  private var keys: [UInt16: LoadedKey] = [:]
  private let button: Button

  /// A coprocessor that takes its random bytes from here.
  init(randomness: Randomness, button: Button = Button(patience: .zero)) {
    self.randomness = randomness
    self.button = button
  }

  /// Another coprocessor in the same state, its key slots empty.
  init(copying other: borrowing LibcryptoCoprocessor, button: Button) {
    randomness = other.randomness
    self.button = button
  }

  mutating func appendRandom(_ count: Int, to bytes: inout [UInt8]) {
    randomness.append(count, to: &bytes)
  }

  mutating func wipe(_ bytes: inout [UInt8]) {
    bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
    bytes.removeAll(keepingCapacity: true)
  }

  mutating func generateKeyPair(_ algorithm: KeyAlgorithm, material: inout [UInt8])
    throws(StatusWord)
  {
    do throws(CryptoError) {
      material.removeAll(keepingCapacity: true)
      switch algorithm {
      case .rsa(let bits):
        try RSAKey.generate(bits: bits, from: &randomness).appendDER(to: &material)
      case .ecdsa(let bits):
        try ECKey.generate(bits: bits, from: &randomness).appendDER(to: &material)
      }
    } catch {
      throw .noPreciseDiagnosis
    }
  }

  func isLoaded(_ slot: UInt16) -> Bool { keys[slot] != nil }

  mutating func load(_ slot: UInt16, _ algorithm: KeyAlgorithm, material: Span<UInt8>)
    throws(StatusWord)
  {
    do throws(CryptoError) {
      switch algorithm {
      case .rsa: keys[slot] = LoadedKey(rsa: try RSAPrivateOperation(RSAKey(der: material)))
      case .ecdsa: keys[slot] = LoadedKey(curve: try LoadedECKey(der: material))
      }
    } catch {
      throw .referenceDataNotUsable
    }
  }

  mutating func unload(_ slot: UInt16) { keys[slot] = nil }
  mutating func unloadAll() { keys.removeAll(keepingCapacity: true) }
  func modulusLength(_ slot: UInt16) -> Int { keys[slot]?.rsa?.modulusLength ?? 0 }

  func modulus(_ slot: UInt16, into bytes: inout [UInt8]) {
    if let key = keys[slot]?.rsa { bytes.append(contentsOf: key.modulus) }
  }

  func publicExponent(_ slot: UInt16, into bytes: inout [UInt8]) {
    if let key = keys[slot]?.rsa { bytes.append(contentsOf: key.publicExponent) }
  }

  func publicPoint(_ slot: UInt16, into bytes: inout [UInt8]) {
    if let key = keys[slot]?.curve { bytes.append(contentsOf: key.publicPoint) }
  }

  mutating func applyPrivateKey(
    _ slot: UInt16, to input: Span<UInt8>, into output: inout [UInt8]
  ) throws(StatusWord) {
    guard let key = keys[slot]?.rsa else { throw .referencedDataNotFound }
    do throws(CryptoError) { try key.apply(to: input, into: &output) } catch {
      throw .incorrectData
    }
  }

  mutating func signDigest(
    _ slot: UInt16, _ digest: Span<UInt8>, into signature: inout [UInt8]
  ) throws(StatusWord) {
    guard let key = keys[slot]?.curve else { throw .referencedDataNotFound }
    do throws(CryptoError) { signature.append(contentsOf: try key.sign(digest)) } catch {
      throw .incorrectData
    }
  }

  mutating func waitForButton() -> Bool { button.wait() }

  mutating func authenticationCode(
    of message: Span<UInt8>, key: Span<UInt8>, into code: inout [UInt8]
  ) {
    code.append(contentsOf: MessageAuthentication.aesCMAC(of: message, key: key))
  }
}

/// A private key in a slot: one of the two.
private struct LoadedKey {
  var rsa: RSAPrivateOperation?
  var curve: LoadedECKey?
}

/// A key on an elliptic curve.
private final class LoadedECKey {
  private let key: ECKey

  init(der: Span<UInt8>) throws(CryptoError) { key = try ECKey(der: der) }

  var publicPoint: [UInt8] { key.publicPoint }
  func sign(_ digest: Span<UInt8>) throws(CryptoError) -> [UInt8] { try key.sign(digest) }
}
