import CCrypto
import Cryptography
import ISO7816
import Issuance
import Terminal
import Testing

@testable import Firmware

@Suite("Keys of every algorithm") struct KeyAlgorithmTests {
  /// SubjectPublicKeyInfo up to the point (RFC 5480, 2).
  private static let publicKeyInfo = [
    256: "3059301306072A8648CE3D020106082A8648CE3D030107034200",
    384: "3076301006072A8648CE3D020106052B81040022036200",
  ]

  /// libcrypto says that r and s sign the digest.
  private func verifies(_ signature: [UInt8], _ digest: [UInt8], point: [UInt8], bits: Int) throws
    -> Bool
  {
    let info = try #require(Self.publicKeyInfo[bits].flatMap(Hex.bytes)) + point
    let key = try info.withUnsafeBufferPointer { buffer in
      var position = buffer.baseAddress
      return try CryptoError.require(d2i_PUBKEY(nil, &position, buffer.count), "read a key")
    }
    defer { EVP_PKEY_free(key) }
    let context = try CryptoError.require(EVP_PKEY_CTX_new(key, nil), "verify")
    defer { EVP_PKEY_CTX_free(context) }
    try CryptoError.check(EVP_PKEY_verify_init(context), "verify")
    let half = signature.count / 2
    let encoded = TLV.bytes(
      0x30, integer(signature[..<half]) + integer(signature[half...]))
    return EVP_PKEY_verify(context, encoded, encoded.count, digest, digest.count) == 1
  }

  /// A positive INTEGER in DER: no zeros in front but one where the first bit is set.
  private func integer(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
    let number = Array(bytes.drop { $0 == 0 })
    return TLV.bytes(0x02, (number.first ?? 0x80) & 0x80 == 0 ? number : [0x00] + number)
  }

  @Test(
    "ECDSA: the pair is made in the token, its point read out, its signatures hold",
    arguments: [(256, 32), (384, 48)])
  func ecdsa(bits: Int, digestLength: Int) throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .transparent, size: 1 + bits / 4) == "9000")
    #expect(try card.putKey(0x05, bits: bits, algorithm: 0xEC) == "9000")
    #expect(try card.send("0046810500") == "6A88")
    let made = try card.data("00460005", [0x20, 0x05, 0x70, 0x01, 0, 0x10, 0, 0x20])
    let readOut = try card.data("00468105")
    #expect(made == readOut)
    let point = Array(readOut.dropFirst(readOut.count - (1 + bits / 4)))
    #expect(readOut == TLV.bytes(0x7F49, TLV.bytes(0x86, point)))
    #expect(point.first == 0x04)
    #expect(try card.send("00A4020C027001") == "9000")
    #expect(try card.data("00B00000", ne: 1 + bits / 4) == point)
    try card.issuer.enter(.personalised)
    try card.restart()

    #expect(try card.send("0022F1B603830105") == "9000")
    for length in [20, digestLength, 64] {
      let digest = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 5) }
      let signature = try card.data("002A9E9A", digest)
      #expect(signature.count == bits / 4)
      #expect(try verifies(signature, digest, point: point, bits: bits))
      var other = digest
      other[0] ^= 1
      #expect(try !verifies(signature, other, point: point, bits: bits))
    }
    #expect(try card.send("002A9E9A", [UInt8](repeating: 1, count: 19), ne: 256) == "6A80")
    #expect(try card.send("002A9E9A", [UInt8](repeating: 1, count: 65), ne: 256) == "6A80")
    // Nothing can be deciphered with it.
    #expect(try card.send("0022F1B803830105") == "9000")
    #expect(try card.send("002A8086", [0x00, 0x01], ne: 256) == "6A81")
    #expect(try card.send("0022F1A403830105") == "9000")
    let digest = [UInt8](repeating: 3, count: digestLength)
    let answer = try card.data("00880000", digest)
    #expect(try verifies(answer, digest, point: point, bits: bits))
  }

  @Test(
    "RSA: keys of every size sign, and the public part is the one that was told",
    arguments: [2048, 3072, 4096])
  func rsa(bits: Int) throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .transparent, size: 600) == "9000")
    #expect(try card.putKey(0x05, bits: bits) == "9000")
    let made = try card.data("00460005", [0x20, 0x05, 0x70, 0x01, 0, 0x10, 0, 0x20])
    #expect(try card.data("00468105") == made)
    let body = try #require(try TLV.find(0x7F49, in: made.span, 0..<made.count))
    let modulus = Array(made[try #require(try TLV.find(0x81, in: made.span, body))])
    #expect(modulus.count == bits / 8)
    try card.issuer.enter(.personalised)
    try card.restart()
    #expect(try card.send("0022F1B603830105") == "9000")
    let info = Digest.sha256Info([1, 2, 3])
    let signature = try card.data("002A9E9A", info)
    let filler = [UInt8](repeating: 0xFF, count: bits / 8 - 3 - info.count)
    let padded = [0x00, 0x01] + filler + [0x00] + info
    #expect(try PrivateKeyTests.applyPublicKey(modulus, to: signature) == padded)
    // INTERNAL AUTHENTICATE signs a challenge the same way, with its own key.
    #expect(try card.send("00880000", info, ne: 256) == "6985")
    #expect(try card.send("0022F1A403830105") == "9000")
    #expect(try card.data("00880000", info) == signature)
    // A whole block would be whatever the host wants.
    let block = [0x00] + [UInt8](repeating: 1, count: bits / 8 - 1)
    let refused = CommandAPDU.bytes(ins: 0x88, data: block, ne: 65_536)
    #expect(try card.slot?.transmit(refused) == [0x6A, 0x80])
    #expect(try card.send("0088000100") == "6A86")
  }

  @Test("a key object is made for keys the token can make")
  func sizes() throws {
    let card = try BuiltCard()
    for bits in [0, 255, 257, 512, 521, 1024, 2047, 2048, 4096] {
      #expect(try card.putKey(0x05, bits: bits, algorithm: 0xEC) == "6A80")
    }
    for bits in [0, 256, 384, 1024, 2047, 2049, 8192] {
      #expect(try card.putKey(0x05, bits: bits) == "6A80")
    }
    #expect(try card.putKey(0x05, bits: 2048, algorithm: 0x07) == "6A80")
    #expect(try card.putKey(0x00, bits: 2048) == "6A80")
    #expect(try card.putKey(0x20, bits: 2048) == "6A80")
  }

  @Test("a file that is too small for the public part leaves no key")
  func smallFile() throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .transparent, size: 64) == "9000")
    #expect(try card.create(0x7002, .linearFixed, size: 255, record: 255) == "9000")
    #expect(try card.putKey(0x05, bits: 256, algorithm: 0xEC) == "9000")
    #expect(try card.generate(0x05, into: 0x7001) == "6A84")
    #expect(try card.generate(0x05, into: 0x7002) == "6A82")
    #expect(try card.generate(0x05, into: 0x7003) == "6A82")
    #expect(try card.send("0046810500") == "6A88")
    #expect(try card.send("00A4020C027001") == "9000")
    #expect(try card.send("00B0000004") == "000000009000")
  }

  @Test("CHANGE KEY DATA gives the issuer a key of his own, and private keys to nobody")
  func changeKeyData() throws {
    let card = try BuiltCard(.operational, policy: .standard)
    let key = (0..<16).map { UInt8($0) }
    #expect(try card.send("9024001F", key) == "6982")
    try card.authenticateIssuer()
    #expect(try card.send("90242001", key) == "6985")
    #expect(try card.send("90242005", key) == "6A88")
    #expect(try card.send("90240010", key) == "6985")
    #expect(try card.send("90240005", key) == "6A88")
    #expect(try card.send("9024001F", Array(key.dropLast())) == "6700")
    #expect(try card.send("9024001F", key + [0]) == "6700")
    #expect(try card.send("9024001F", key) == "9000")
    #expect(throws: CardError.self) { try card.authenticateIssuer() }
    try card.issuer.authenticate(transportKey: key)
    try card.restart()
    try card.issuer.authenticate(transportKey: key)
    for cla in ["80", "91", "94", "A0"] { #expect(try card.send(cla + "24001F", key) == "6E00") }
    #expect(try card.send("9020001F", key) == "6E00")
  }
}
