import ISO7816
import Testing

@Suite("Answers to Reset") struct ATRTests {
  static let cns = "3BFF1800008131FE45006B150C0302010101434E5311318060"

  @Test("get a TCK that makes the exclusive-or zero") func tck() throws {
    let bytes = try #require(Hex.bytes(Self.cns))
    #expect(ATR(bytes).hasCorrectTCK)
    #expect(ATR(withoutTCK: Array(bytes.dropLast())) == ATR(bytes))
    for position in 1..<bytes.count {
      var wrong = bytes
      wrong[position] ^= 0x04
      #expect(!ATR(wrong).hasCorrectTCK)
    }
  }

  @Test(
    "tell their historical bytes behind whatever interface bytes there are",
    arguments: [
      (cns, "006B150C0302010101434E53113180"), ("3B00", ""), ("3B021122", "1122"),
      ("3B1211AABB", "AABB"), ("3BF211223300AABB", "AABB"), ("3B828001AABB28", "AABB"),
      ("3B828001AA", ""),
      ("3B8A80014A434F5034315632323175", "4A434F50343156323231"), ("", ""), ("3B", ""),
    ])
  func historicalBytes(atr: String, expected: String) throws {
    let bytes = try #require(Hex.bytes(atr))
    #expect(Hex.text(ATR(bytes).historicalBytes) == expected)
  }

  @Test("cut anywhere have no historical bytes") func truncations() throws {
    let bytes = try #require(Hex.bytes(Self.cns))
    for count in 0..<bytes.count - 1 {
      #expect(ATR(Array(bytes[..<count])).historicalBytes.isEmpty)
    }
    #expect(ATR([UInt8](repeating: 0xFF, count: 40)).historicalBytes.isEmpty)
  }
}

@Suite("Hexadecimal text") struct HexTests {
  @Test(
    "is read with blanks, colons and 0x, in both cases",
    arguments: [
      "00A4aBfF", "00 a4 AB ff", "00:A4:ab:FF", "0x00 0xA4 0xAB 0xff", "0x00A4ABFF",
      "00A4\tABFF\n", " 00A4 ABFF ",
    ])
  func reading(text: String) {
    #expect(Hex.bytes(text) == [0x00, 0xA4, 0xAB, 0xFF])
  }

  @Test(
    "is nothing where it is not made of pairs",
    arguments: [
      "0", "000", "0 0", "0G", "ü0", "00x11", "x00", "0x", "0x0", "00-11", "1x11", "00 0x",
    ])
  func refusing(text: String) {
    #expect(Hex.bytes(text) == nil)
  }

  @Test("gives back the bytes it was made of") func roundTrip() {
    let bytes = [UInt8](UInt8.min...UInt8.max)
    #expect(Hex.bytes(Hex.text(bytes)) == bytes)
    #expect(Hex.bytes(Hex.text(bytes, separator: ":")) == bytes)
    #expect(Hex.text([0x0A, 0xB0], separator: " ") == "0A B0")
    #expect(Hex.text([]) == "" && Hex.bytes("") == [])
  }
}
