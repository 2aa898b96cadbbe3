import CCrypto
import Cryptography
import Firmware
import ISO7816

/// The chip's coprocessor on Linux: libcrypto. Private keys are RSAPrivateKey in DER.
struct LibcryptoCoprocessor: Coprocessor, ~Copyable {
  private var randomness: Randomness
  private var keys: [UInt16: LoadedKey] = [:]

  /// A coprocessor that takes its random bytes from here.
  init(randomness: Randomness) { self.randomness = randomness }

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
    guard case .rsa(let bits) = algorithm else { throw .functionNotSupported }
    do throws(CryptoError) {
      let key = try RSAKey.generate(bits: bits, from: &randomness)
      material.removeAll(keepingCapacity: true)
      try key.appendDER(to: &material)
    } catch {
      throw .noPreciseDiagnosis
    }
  }

  func isLoaded(_ slot: UInt16) -> Bool { keys[slot] != nil }

  mutating func load(_ slot: UInt16, material: Span<UInt8>) throws(StatusWord) {
    do throws(CryptoError) {
      keys[slot] = try LoadedKey(der: material)
    } catch {
      throw .referenceDataNotUsable
    }
  }

  mutating func unload(_ slot: UInt16) { keys[slot] = nil }
  mutating func unloadAll() { keys.removeAll(keepingCapacity: true) }
  func modulusLength(_ slot: UInt16) -> Int { keys[slot]?.key.modulusLength ?? 0 }

  func modulus(_ slot: UInt16, into bytes: inout [UInt8]) {
    if let loaded = keys[slot] { bytes.append(contentsOf: loaded.key.modulus) }
  }

  func publicExponent(_ slot: UInt16, into bytes: inout [UInt8]) {
    if let loaded = keys[slot] { bytes.append(contentsOf: loaded.key.publicExponent) }
  }

  mutating func applyPrivateKey(
    _ slot: UInt16, to input: Span<UInt8>, into output: inout [UInt8]
  ) throws(StatusWord) {
    guard let loaded = keys[slot] else { throw .referencedDataNotFound }
    do throws(CryptoError) {
      try loaded.applyPrivateKey(to: input, into: &output)
    } catch {
      throw .incorrectData
    }
  }

  mutating func authenticationCode(
    of message: Span<UInt8>, key: Span<UInt8>, into code: inout [UInt8]
  ) {
    code.append(contentsOf: MessageAuthentication.aesCMAC(of: message, key: key))
  }
}

/// A private key in a slot, with the context libcrypto needs for raw operations made once.
private final class LoadedKey {
  let key: RSAKey
  private let context: OpaquePointer

  init(der: Span<UInt8>) throws(CryptoError) {
    key = try RSAKey(der: der)
    let operation = "prepare an RSA private key"
    context = try CryptoError.require(EVP_PKEY_CTX_new(key.handle, nil), operation)
    // Signing without a digest and without padding is RSASP1, which is RSADP too.
    try CryptoError.check(EVP_PKEY_sign_init(context), operation)
    try CryptoError.check(EVP_PKEY_CTX_set_rsa_padding(context, RSA_NO_PADDING), operation)
  }

  deinit { EVP_PKEY_CTX_free(context) }

  func applyPrivateKey(to input: Span<UInt8>, into output: inout [UInt8]) throws(CryptoError) {
    let start = output.count
    var length = key.modulusLength
    for _ in 0..<length { output.append(0) }
    let result = output.withUnsafeMutableBufferPointer { target in
      input.withUnsafeBufferPointer { source in
        EVP_PKEY_sign(
          context, target.baseAddress.map { $0 + start }, &length, source.baseAddress,
          source.count)
      }
    }
    try CryptoError.check(result, "apply an RSA private key")
  }
}
