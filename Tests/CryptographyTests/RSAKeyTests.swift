import CCrypto
import Cryptography
import Testing

@Suite("RSA keys") struct RSAKeyTests {
  @Test("are the same for the same seed, and sound", arguments: [UInt64(1), 7, 99])
  func derived(seed: UInt64) throws {
    var first = Randomness.seeded(seed, label: "key")
    var second = Randomness.seeded(seed, label: "key")
    let key = try RSAKey.generate(bits: 2048, from: &first)
    let again = try RSAKey.generate(bits: 2048, from: &second)
    #expect(key.modulus == again.modulus)
    #expect(key.modulus.count == 256)
    #expect(key.publicExponent == [1, 0, 1])
    let context = try CryptoError.require(EVP_PKEY_CTX_new(key.handle, nil), "check a key")
    defer { EVP_PKEY_CTX_free(context) }
    #expect(EVP_PKEY_check(context) == 1)
  }

  @Test("differ between seeds and labels") func independent() {
    var streams = [
      Randomness.seeded(1, label: "a"), .seeded(2, label: "a"), .seeded(1, label: "b"), .system,
    ]
    let bytes = streams.indices.map { streams[$0].bytes(16) }
    #expect(Set(bytes).count == 4)
  }

  @Test("a stream does not depend on how it is cut") func cutting() {
    var whole = Randomness.seeded(5, label: "cut")
    var parts = Randomness.seeded(5, label: "cut")
    var collected: [UInt8] = []
    for count in [1, 31, 2, 64, 7] { parts.append(count, to: &collected) }
    #expect(whole.bytes(105) == collected)
  }
}
