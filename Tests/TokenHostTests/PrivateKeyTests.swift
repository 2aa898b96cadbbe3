import CCrypto
import Cryptography
import ISO7816
import Testing

@Suite("Private keys") struct PrivateKeyTests {
  /// m to the power of 65537 modulo n.
  static func applyPublicKey(_ modulus: [UInt8], to message: [UInt8]) throws -> [UInt8] {
    let work = try CryptoError.require(BN_CTX_new(), "calculate")
    defer { BN_CTX_free(work) }
    BN_CTX_start(work)
    let result = try CryptoError.require(BN_CTX_get(work), "calculate")
    let exponent = try CryptoError.require(BN_CTX_get(work), "calculate")
    let base = try CryptoError.require(BN_bin2bn(message, Int32(message.count), nil), "calculate")
    let n = try CryptoError.require(BN_bin2bn(modulus, Int32(modulus.count), nil), "calculate")
    defer {
      BN_free(base)
      BN_free(n)
    }
    try CryptoError.check(BN_set_word(exponent, 65_537), "calculate")
    try CryptoError.check(BN_mod_exp(result, base, exponent, n, work), "calculate")
    var bytes = [UInt8](repeating: 0, count: modulus.count)
    BN_bn2binpad(result, &bytes, Int32(bytes.count))
    return bytes
  }

  /// A key of the card, as a test argument.
  struct Key: CustomTestStringConvertible {
    let identifier: String
    let pin: String
    let code: String
    let otherPIN: String
    let otherCode: String
    var testDescription: String { "key \(identifier)" }
    func modulus() throws -> [UInt8] {
      let image = try IssuedImage.get()
      return identifier == "01" ? image.authenticationModulus : image.signatureModulus
    }
    static let both = [
      Key(identifier: "01", pin: "10", code: "12345678", otherPIN: "1A", otherCode: "11223344"),
      Key(identifier: "10", pin: "1A", code: "11223344", otherPIN: "10", otherCode: "12345678"),
    ]
  }

  static let block: [UInt8] = [0x00, 0x01] + (2..<256).map { UInt8(truncatingIfNeeded: $0 &* 31) }

  @Test("sign a whole block as it is, in a chain as OpenSC sends it", arguments: Key.both)
  func chained(key: Key) throws {
    let card = try IssuedCard()
    #expect(try card.verify(key.pin, key.code) == "9000")
    #expect(try card.send("0022F30300") == "9000")
    #expect(try card.send("0022F1B6038301\(key.identifier)") == "9000")
    #expect(try card.send("102A9E9A", Array(Self.block[..<255])) == "9000")
    let answer = try card.send("002A9E9A", [Self.block[255]], ne: 256)
    let signature = try #require(Hex.bytes(String(answer.dropLast(4))))
    #expect(answer.hasSuffix("9000"))
    #expect(try Self.applyPublicKey(try key.modulus(), to: signature) == Self.block)
    // The same with extended lengths.
    #expect(try card.send("002A9E9A000100" + Hex.text(Self.block) + "0000") == answer)
  }

  @Test("decipher what was enciphered with the public key", arguments: Key.both)
  func decipher(key: Key) throws {
    let card = try IssuedCard()
    let cryptogram = try Self.applyPublicKey(try key.modulus(), to: Self.block)
    #expect(try card.verify(key.pin, key.code) == "9000")
    #expect(try card.send("0022F30300") == "9000")
    #expect(try card.send("0022F1B8038301\(key.identifier)") == "9000")
    let data = [0x00] + cryptogram
    #expect(try card.send("102A8086", Array(data[..<255])) == "9000")
    #expect(
      try card.send("002A8086", Array(data[255...]), ne: 256) == Hex.text(Self.block) + "9000")
    #expect(
      try card.send("002A8086000101" + Hex.text(data) + "0000") == Hex.text(Self.block) + "9000")
    #expect(try card.send("002A8086", [0x01] + Array(data[1..<255]), ne: 256) == "6A80")
    #expect(try card.send("002A8086", [0x00, 0x01], ne: 256) == "6A80")
    #expect(try card.send("002A8086") == "6A80")
  }

  @Test("pad a DigestInfo with block type 1", arguments: Key.both)
  func digestInfo(key: Key) throws {
    let card = try IssuedCard()
    let info = Digest.sha256Info([1, 2, 3])
    #expect(try card.verify(key.pin, key.code) == "9000")
    #expect(try card.send("0022F1B6038301\(key.identifier)") == "9000")
    let answer = try card.send("002A9E9A", info, ne: 256)
    let signature = try #require(Hex.bytes(String(answer.dropLast(4))))
    let filler = [UInt8](repeating: 0xFF, count: 256 - 3 - info.count)
    #expect(
      try Self.applyPublicKey(try key.modulus(), to: signature)
        == [0x00, 0x01] + filler + [0x00] + info)
    #expect(try card.send("002A9E9A", [UInt8](repeating: 1, count: 245), ne: 256).count == 516)
    #expect(try card.send("002A9E9A", [UInt8](repeating: 1, count: 246), ne: 256) == "6A80")
    #expect(try card.send("002A9E9A0001 01" + String(repeating: "01", count: 257)) == "6A80")
    #expect(try card.send("002A9E9A") == "6A80")
    // Not smaller than the modulus.
    #expect(
      try card.send("002A9E9A000100" + String(repeating: "FF", count: 256) + "0000") == "6A80")
  }

  @Test("wait for their own PIN and no other", arguments: Key.both)
  func ownPIN(key: Key) throws {
    let card = try IssuedCard()
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6985")
    #expect(try card.send("002A8086", [1, 2, 3], ne: 256) == "6985")
    #expect(try card.send("0022F1B6038301\(key.identifier)") == "9000")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6982")
    #expect(try card.verify(key.otherPIN, key.otherCode) == "9000")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6982")
    #expect(try card.send("0022F1B8038301\(key.identifier)") == "9000")
    #expect(try card.send("002A8086", [UInt8](repeating: 0, count: 200), ne: 256) == "6982")
    #expect(try card.verify(key.pin, key.code) == "9000")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256).hasSuffix("9000"))
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256).hasSuffix("9000"))
  }

  @Test("are chosen apart for signing and deciphering")
  func components() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B6038301 01") == "9000")
    #expect(try card.send("002A8086", [1, 2, 3], ne: 256) == "6985")
    #expect(try card.send("0022F1A4038301 01") == "9000")
    #expect(try card.send("0022F1B803830105") == "6A88")
    #expect(try card.send("0022F1B8038301 11") == "6A88")
    #expect(try card.send("0022F1B8") == "6A80")
    #expect(try card.send("0022F1B80283 00") == "6A80")
    #expect(try card.send("0022F1B8028301") == "6A85")
    #expect(try card.send("0022F1B7038301 01") == "6A86")
    #expect(try card.send("0022F2B6038301 01") == "6A86")
    // A choice that failed leaves the old one.
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256).hasSuffix("9000"))
  }

  @Test(
    "are not current any more after RESTORE, in every spelling",
    arguments: ["0022F303", "0022F30300", "0022F303000000"])
  func restore(spelling: String) throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B603830101") == "9000")
    #expect(try card.send(spelling) == "9000")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6985")
    #expect(try card.send("0022F30400") == "6A88")
  }

  @Test("cannot be made anew by the holder")
  func generation() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("00460001 08 2001 3F01 0010 0020 00") == "6982")
    #expect(try card.send("00460005 08 2005 3F01 0010 0020 00") == "6A88")
  }
}
