import Cryptography
import Firmware
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

@Suite("The issuer") struct IssuerTests {
  /// An issued card whose issuer is authenticated.
  private func card() throws -> IssuedCard {
    let card = try IssuedCard()
    try card.authenticateIssuer()
    return card
  }

  /// Sends PUT DATA for a PIN or PUK that everybody may use, with ten tries.
  private func putCode(_ identifier: UInt8, _ value: String, _ card: IssuedCard) throws -> String {
    try card.send(
      "00DA016E",
      TLV.bytes(0x83, [0x00, identifier])
        + TLV.bytes(0x85, [0x02, 0x0A, 0x87, 0x0A, 0xFF, 0x00, 0x00, 0x05])
        + TLV.bytes(0x86, [0x00] + [UInt8](repeating: 0xFF, count: 8))
        + TLV.bytes(0x8F, Array(value.utf8)))
  }

  /// Sends CREATE FILE for a transparent file that everybody may read and the issuer may write.
  private func create(_ identifier: UInt16, size: Int, _ card: IssuedCard) throws -> String {
    try card.send(
      "00E00000",
      TLV.bytes(
        0x62,
        TLV.bytes(0x80, [UInt8(size >> 8), UInt8(size & 0xFF)])
          + TLV.bytes(0x82, [0x01, 0x00, 0x00])
          + TLV.bytes(0x83, [UInt8(identifier >> 8), UInt8(identifier & 0xFF)])
          + TLV.bytes(0x86, [0x00, 0x1F] + [UInt8](repeating: 0xFF, count: 7))))
  }

  @Test("cannot let a namesake of the PUK unblock the PIN")
  func namesake() throws {
    let card = try card()
    #expect(try card.send("00A4080C021200") == "9000")
    #expect(try putCode(0x11, "13131313", card) == "9000")
    #expect(try card.verify("11", "13131313") == "9000")
    #expect(try card.unblock("10", "13131313", new: "12121212") == "63C9")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.unblock("10", "87654321", new: "12121212") == "9000")
  }

  @Test("cannot replace a key, a PIN or a PUK that the holder has")
  func overwrittenKey() throws {
    let card = try card()
    #expect(try card.send("00A4000C023F00") == "9000")
    #expect(
      try card.send("00DA016E1D 83022001 8508 02000C00FF000000 8609 00FFFFFFFFFFFFFFFF 8F020800")
        == "6A89")
    #expect(try putCode(0x10, "13131313", card) == "6A89")
    #expect(try putCode(0x11, "13131313", card) == "6A89")
    #expect(try card.send("0022F1B603830101") == "9000")
    #expect(try card.send("002A9E9A0301020300") == "6982")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("002A9E9A0301020300").count == 516)
    try card.reopen()
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try card.send("0022F1B603830110") == "9000")
    #expect(try card.send("002A9E9A0301020300").count == 516)
  }

  @Test("fills the memory, and the card still counts, verifies and changes PINs")
  func fullMemory() throws {
    let card = try card()
    #expect(try card.send("00A4080C021200") == "9000")
    var files = 0
    fill: for file in 0..<200 {
      let answer = try create(0x7000 + UInt16(file), size: 0x2000, card)
      guard answer == "9000" else {
        #expect(answer == "6A84")
        break
      }
      files += 1
      for offset in stride(from: 0, to: 0x2000, by: 256) {
        let p1p2 = Hex.text([UInt8(offset >> 8), UInt8(offset & 255)])
        let update = try card.send("00D6\(p1p2)", [UInt8](repeating: 0x77, count: 255))
        guard update == "9000" else {
          #expect(update == "6A84")
          let part = try card.send("00B0\(p1p2)01")
          #expect(part == "009000")
          break fill
        }
      }
    }
    #expect(files > 3)
    // A file without contents takes little: they fill what is left.
    var answer = "9000"
    for file in 0..<200 where answer == "9000" {
      answer = try create(0x7100 + UInt16(file), size: 16, card)
    }
    #expect(answer == "6A84")
    for _ in 0..<20 {
      #expect(try card.verify("10", "00000000") == "63C2")
      #expect(try card.change("10", "12345678", to: "24682468") == "9000")
      #expect(try card.unblock("10", "87654321", new: "12345678") == "9000")
    }
    try card.reopen()
    #expect(try card.verify("10", "12345678") == "9000")
    try card.authenticateIssuer()
    #expect(try card.send("00DA0183010C") == "9000")
    #expect(try card.verify("10", "12345678") == "6985")
  }

  @Test("deletes the largest file of a memory that is full to the last byte")
  func deletionInFullMemory() throws {
    let card = try card()
    var freeBytes: Int { card.slot?.inventory.memory.freeBytes ?? 0 }
    #expect(try card.send("00A4080C021200") == "9000")
    let access = [0x00, 0x1F, 0xFF, 0xFF, 0xFF, 0x1F, 0xFF, 0xFF, 0xFF] as [UInt8]
    #expect(try card.create(0x7000, .transparent, size: 0x3000, access: access) == "9000")
    for offset in stride(from: 0, to: 0x3000, by: 128) {
      let place = Hex.text([UInt8(offset >> 8), UInt8(offset & 255)])
      #expect(try card.send("00D6\(place)", [UInt8](repeating: 0x77, count: 128)) == "9000")
    }
    #expect(try card.create(0x7001, .linearVariable, size: 0x7FFF, record: 200) == "9000")
    // Ever smaller records, until not one of a single byte has room.
    #expect(try card.send("00A4020C027001") == "9000")
    var identifier: UInt16 = 0x7002
    for length in [200, 8, 1] {
      while true {
        let answer = try card.send("00E20000", [UInt8](repeating: 1, count: length))
        guard answer == "6A84" else {
          #expect(answer == "9000")
          continue
        }
        guard freeBytes > 100, length == 200 else { break }
        #expect(try card.create(identifier, .linearVariable, size: 0x7FFF, record: 200) == "9000")
        identifier += 1
      }
    }
    #expect(freeBytes < 24)
    #expect(try card.send("00E40000027000") == "9000")
    #expect(freeBytes > 0x3000)
    let contents = card.slot?.contents()
    try card.reopen()
    #expect(card.slot?.contents() == contents)
    #expect(try card.verify("10", "12345678") == "9000")
  }

  @Test("alone creates, and creates nothing that cannot be")
  func creation() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try create(0x7001, size: 16, card) == "6982")
    #expect(try card.send("00DA01830110") == "6982")
    #expect(try putCode(0x12, "13131313", card) == "6982")
    try card.authenticateIssuer()
    #expect(try create(0x7001, size: 16, card) == "9000")
    #expect(try card.send("00B0000010") == String(repeating: "0", count: 32) + "9000")
    #expect(try create(0x7001, size: 16, card) == "6A89")
    #expect(try card.send("00E0000002 6200") == "6A80")
    #expect(try card.send("00E0000002 6205") == "6A85")
    #expect(try card.send("00E00000") == "6A80")
    #expect(try card.send("00DA01830120") == "6985")
    #expect(try card.send("00DA01830199") == "6A80")
    #expect(try card.send("00DA0183") == "6A80")
  }
}
