import ISO7816
import Terminal
import Testing
import TokenHost

@Suite("Reset and loss of power") struct VolatileStateTests {
  enum Loss: CaseIterable {
    case reset, powerOn, powerOffAndOn
  }

  private func lose(_ loss: Loss, _ card: IssuedCard) throws {
    let slot = try #require(card.slot)
    switch loss {
    case .reset: _ = try slot.reset()
    case .powerOn: _ = try slot.powerOn()
    case .powerOffAndOn:
      slot.powerOff()
      #expect(throws: ChannelError.self) { try card.send("0084000008") }
      _ = try slot.powerOn()
    }
  }

  @Test("clear PINs, keys and selection", arguments: Loss.allCases)
  func cleared(loss: Loss) throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.verify("1A", "00000000") == "63C2")
    #expect(try card.send("0022F1B603830101") == "9000")
    #expect(try card.send("00A4080C0410001003") == "9000")
    try lose(loss, card)
    #expect(try card.tries("10") == "63C3")
    #expect(try card.tries("1A") == "63C2")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6985")
    #expect(try card.send("00B0000010") == "6986")
    #expect(try card.send("00A4020C022F02") == "9000")
  }

  @Test("drop an open chain and data that wait", arguments: Loss.allCases)
  func dropped(loss: Loss) throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B603830101") == "9000")
    #expect(try card.send("102A9E9A", [UInt8](repeating: 0, count: 255)) == "9000")
    try lose(loss, card)
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B603830101") == "9000")
    let alone = try card.send("002A9E9A", [1], ne: 256)
    #expect(try card.send("002A9E9A", [1], ne: 256) == alone)
    #expect(try card.send("002A9E9A", [1]) == "6100")
    try lose(loss, card)
    #expect(try card.send("00C0000000") == "6985")
  }

  @Test("undo the issuer's authentication and his challenge", arguments: Loss.allCases)
  func issuer(loss: Loss) throws {
    let card = try IssuedCard()
    #expect(try card.send("0084000008").hasSuffix("9000"))
    try lose(loss, card)
    #expect(try card.send("0082001F", [UInt8](repeating: 0, count: 16)) == "6985")
    try card.authenticateIssuer()
    #expect(try card.send("00A4080C0412001203") == "9000")
    #expect(try card.send("00D600000101") == "9000")
    try lose(loss, card)
    #expect(try card.send("00A4080C0412001203") == "9000")
    #expect(try card.send("00D600000101") == "6982")
  }

  @Test(
    "a chain is dropped by any other command",
    arguments: [
      "0084000008", "002A9E8001", "008400", "80840000", "0C84000008", "00C0000000",
      "102A8086 01 00",
      "00A4080C0411001102", "0020001000",
    ])
  func otherCommand(command: String) throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B603830101") == "9000")
    let alone = try card.send("002A9E9A", [7], ne: 256)
    #expect(alone.count == 516)
    #expect(try card.send("102A9E9A", [UInt8](repeating: 0, count: 255)) == "9000")
    _ = try card.send(command)
    #expect(try card.send("002A9E9A", [7], ne: 256) == alone)
  }

  @Test("a chain holds 8,192 bytes and not one more")
  func longChain() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("0022F1B603830101") == "9000")
    let alone = try card.send("002A9E9A", [7], ne: 256)
    for _ in 0..<32 {
      #expect(try card.send("102A9E9A", [UInt8](repeating: 0, count: 255)) == "9000")
    }
    #expect(try card.send("102A9E9A", [UInt8](repeating: 0, count: 33)) == "6700")
    #expect(try card.send("002A9E9A", [7], ne: 256) == alone)
  }

  @Test(
    "commands whose data are short do not come in chains",
    arguments: [
      "10A4000C023F00", "10B0000010", "10200010083132333435363738", "1024001001 00", "1084000008",
      "1022F1B603830101", "1046000101 20", "10CA018300", "10C0000000",
    ])
  func unchained(command: String) throws {
    let card = try IssuedCard()
    #expect(try card.send(command) == "6884")
    #expect(try card.tries("10") == "63C3")
  }

  @Test("GET RESPONSE gives in parts what did not fit")
  func getResponse() throws {
    let card = try IssuedCard()
    #expect(try card.send("00C0000000") == "6985")
    #expect(try card.send("00A408000411001102") == "6120")
    #expect(try card.send("00C00000") == "6700")
    #expect(try card.send("00C0000100") == "6A86")
    #expect(try card.send("00C0000004") == "6F1E8002611C")
    let rest = try card.send("00C0000000")
    #expect(
      rest == "01908203010000830211028501108609 00FFFFFFFFFFFFFFFF8A01059000".filter { $0 != " " })
    #expect(try card.send("00C0000000") == "6985")
    #expect(try card.send("00A40800041100110205") == "6F1E800201611B")
    #expect(try card.send("0084000001").count == 6)
    #expect(try card.send("00C0000000") == "6985")
    #expect(try card.send("00A408000411001102") == "6120")
    #expect(try card.send("80C0000000") == "6E00")
    #expect(try card.send("00C0000000") == "6985")
  }
}
