import ISO7816
import Testing

@Suite("Command headers") struct HeaderTests {
  @Test(
    "of other classes are answered by what the card does not do",
    arguments: [
      ("B0FC000001", "6E00"), ("8016020000", "6E00"), ("9024000000", "6A88"),
      ("9020000000", "6E00"),
      ("FF84000008", "6E00"),
      ("2084000008", "6E00"), ("3084000008", "6E00"), ("0C84000008", "6882"),
      ("0484000008", "6882"),
      ("0884000008", "6882"), ("1C84000008", "6882"), ("0184000008", "6881"),
      ("0284000008", "6881"),
      ("0384000008", "6881"), ("4084000008", "6881"), ("7F84000008", "6881"), ("80", "6E00"),
      ("0C", "6882"), ("01", "6881"), ("00", "6700"), ("", "6700"), ("008400", "6700"),
    ])
  func classes(command: String, status: String) throws {
    let card = try IssuedCard()
    #expect(try card.send(command) == status)
  }

  @Test("with instructions the card does not have get 6D00")
  func instructions() throws {
    let card = try IssuedCard()
    let known: Set<UInt8> = [
      0xA4, 0xB0, 0xD6, 0x20, 0x24, 0x2C, 0x84, 0x82, 0x22, 0x2A, 0x46, 0xCA, 0xDA, 0xE0, 0xC0,
      0x88, 0xB2, 0xDC, 0xE2, 0xE4, 0x04, 0x44, 0xE6, 0xE8,
    ]
    for instruction in UInt8.min...UInt8.max {
      let status = try card.send("00" + Hex.text([instruction]) + "0000").suffix(4)
      #expect((status == "6D00") != known.contains(instruction), "\(instruction)")
    }
  }

  @Test("GET CHALLENGE gives as many bytes as are asked for")
  func challenge() throws {
    let card = try IssuedCard()
    var seen: Set<String> = []
    for count in [1, 8, 0x20, 0x40, 255, 256, 257, 4096, 65_533] {
      let answer = try card.send("00840000", [], ne: count)
      #expect(answer.hasSuffix("9000"))
      #expect(answer.count == 2 * count + 4)
      seen.insert(answer)
    }
    #expect(seen.count == 9)
    #expect(try card.send("00840000") == "6700")
    #expect(try card.send("0084000108") == "6A86")
  }

  @Test(
    "an answer that no frame of 65,535 bytes holds comes in two parts", arguments: 65_534...65_536)
  func longestAnswer(count: Int) throws {
    let card = try IssuedCard()
    let rest = count - 65_533
    let answer = try card.send("00840000", [], ne: count)
    #expect(answer.count == 2 * 65_535 && answer.hasSuffix("610\(rest)"))
    let last = try card.send("00C00000", [], ne: rest)
    #expect(last.count == 2 * rest + 4 && last.hasSuffix("9000"))
    #expect(try card.send("00C00000", [], ne: 1) == "6985")
  }

  @Test("GET DATA tells the state of the card's life")
  func lifeCycle() throws {
    let card = try IssuedCard()
    #expect(try card.send("00CA018300") == "109000")
    #expect(try card.send("00CA0183") == "6101")
    #expect(try card.send("00CA018400") == "6A88")
  }

  @Test("EXTERNAL AUTHENTICATE counts, and a challenge is good for one attempt")
  func externalAuthenticate() throws {
    let card = try IssuedCard()
    let wrong = [UInt8](repeating: 0, count: 16)
    #expect(try card.send("0082001F", wrong) == "6985")
    #expect(try card.send("0084000007").hasSuffix("9000"))
    #expect(try card.send("0082001F", wrong) == "6985")
    #expect(try card.send("0084000008").hasSuffix("9000"))
    #expect(try card.send("0082001F", [1, 2, 3]) == "6700")
    #expect(try card.send("00820010", wrong) == "6A88")
    #expect(try card.send("0082001F", wrong) == "63CE")
    #expect(try card.send("0082001F", wrong) == "6985")
    try card.authenticateIssuer()
    for left in (0..<15).reversed() {
      #expect(try card.send("0084000008").hasSuffix("9000"))
      #expect(try card.send("0082001F", wrong) == "63C" + String(left, radix: 16, uppercase: true))
    }
    #expect(try card.send("0084000008").hasSuffix("9000"))
    #expect(try card.send("0082001F", wrong) == "6983")
  }
}
