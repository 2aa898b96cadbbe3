import ISO7816
import Testing

@Suite("Transparent files") struct BinaryFileTests {
  @Test("are read in the chunks OpenSC asks for")
  func chunks() throws {
    let card = try IssuedCard()
    #expect(try card.send("00A40800041100110200").hasSuffix("9000"))
    var contents = ""
    for command in ["00B00000FF", "00B000FF01", "00B0010090"] {
      let answer = try card.send(command)
      #expect(answer.hasSuffix("9000"))
      contents += answer.dropLast(4)
    }
    #expect(contents == Hex.text(IssuedImage.personalData))
  }

  @Test("are read whole with Le 00, and to their end with a warning")
  func ends() throws {
    let card = try IssuedCard()
    #expect(try card.send("00A4080C0410001003") == "9000")
    let number = Hex.text(Array("6090010000000001".utf8))
    #expect(try card.send("00B0000010") == number + "9000")
    #expect(try card.send("00B0000000") == number + "9000")
    #expect(try card.send("00B00000000000") == number + "9000")
    #expect(try card.send("00B0000011") == number + "6282")
    #expect(try card.send("00B0000F02") == "316282")
    #expect(try card.send("00B0000F00") == "319000")
    #expect(try card.send("00B0001001") == "6B00")
    #expect(try card.send("00B07FFF01") == "6B00")
    #expect(try card.send("00B00000") == "6700")
    #expect(try card.send("00B0810001") == "6A82")
    #expect(try card.send("10B0000010") == "6884")
  }

  @Test("a long read comes back in one extended answer")
  func extended() throws {
    let card = try IssuedCard()
    #expect(try card.send("00A4080C0411001101") == "9000")
    let padded =
      IssuedImage.certificate + [UInt8](repeating: 0, count: 2048 - IssuedImage.certificate.count)
    #expect(try card.send("00B00000000000") == Hex.text(padded) + "9000")
    #expect(try card.send("00B00003000100") == Hex.text(padded[3..<259]) + "9000")
  }

  @Test("are not there to read without a selection")
  func noFile() throws {
    let card = try IssuedCard()
    #expect(try card.send("00B0000010") == "6986")
    #expect(try card.send("00D600000101") == "6986")
    #expect(try card.send("00A4000C021100") == "9000")
    #expect(try card.send("00B0000010") == "6986")
  }

  @Test(
    "are not written to by the holder", arguments: ["2F02", "10001003", "11001101", "11001102"])
  func refused(path: String) throws {
    let card = try IssuedCard()
    let length = Hex.text([UInt8(path.count / 2)])
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try card.send("00A4080C\(length)\(path)") == "9000")
    let before = try card.send("00B0000004")
    #expect(try card.send("00D6000001FF") == "6982")
    #expect(try card.send("00B0000004") == before)
  }

  @Test("are written by the issuer, where the file's rule names him")
  func issuer() throws {
    let card = try IssuedCard()
    try card.authenticateIssuer()
    #expect(try card.send("00A4080C0412001203") == "9000")
    #expect(try card.send("00D600000411223344") == "9000")
    #expect(try card.send("00D6009E02AABB") == "9000")
    #expect(try card.send("00D6009F02CCDD") == "6A84")
    #expect(try card.send("00D600A001EE") == "6B00")
    #expect(try card.send("00D60000") == "6700")
    try card.reopen()
    #expect(try card.send("00A4080C0412001203") == "9000")
    #expect(try card.send("00B0000006") == "1122334400009000")
    #expect(try card.send("00B0009E02") == "AABB9000")
    // Authority is gone with the power.
    #expect(try card.send("00D600000101") == "6982")
    #expect(try card.send("00A4080C0410001003") == "9000")
  }
}
