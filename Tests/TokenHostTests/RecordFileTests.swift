import ISO7816
import Issuance
import Testing

@testable import Firmware

@Suite("Record files") struct RecordFileTests {
  private func append(_ card: BuiltCard, _ record: [UInt8]) throws -> String {
    try card.send("00E20000", record)
  }

  private func read(_ card: BuiltCard, _ number: Int) throws -> String {
    try card.send("00B2\(Hex.text([UInt8(number)]))0400")
  }

  private func update(_ card: BuiltCard, _ number: Int, _ record: [UInt8]) throws -> String {
    try card.send("00DC\(Hex.text([UInt8(number)]))04", record)
  }

  @Test("of one length are numbered from the oldest, until the file is full")
  func linearFixed() throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .linearFixed, size: 12, record: 4) == "9000")
    #expect(try read(card, 1) == "6A83")
    #expect(try update(card, 1, [0, 0, 0, 0]) == "6A83")
    #expect(try append(card, [1, 1, 1]) == "6700")
    #expect(try append(card, [1, 1, 1, 1, 1]) == "6700")
    #expect(try append(card, []) == "6700")
    for byte: UInt8 in 1...3 {
      #expect(try append(card, [byte, byte, byte, byte]) == "9000")
    }
    #expect(try append(card, [4, 4, 4, 4]) == "6A84")
    #expect(try update(card, 2, [9, 9, 9, 9]) == "9000")
    #expect(try update(card, 2, [9, 9, 9]) == "6700")
    #expect(try update(card, 4, [9, 9, 9, 9]) == "6A83")
    try card.restart()
    #expect(try card.send("00A4020C027001") == "9000")
    #expect(try read(card, 1) == "010101019000")
    #expect(try read(card, 2) == "090909099000")
    #expect(try read(card, 3) == "030303039000")
    #expect(try read(card, 4) == "6A83")
    #expect(try read(card, 255) == "6A83")
  }

  @Test("of different lengths share the room of their file")
  func linearVariable() throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .linearVariable, size: 10, record: 6) == "9000")
    #expect(try append(card, [1]) == "9000")
    #expect(try append(card, [2, 2, 2, 2, 2, 2]) == "9000")
    #expect(try append(card, [3, 3, 3, 3, 3, 3, 3]) == "6700")
    #expect(try append(card, [3, 3, 3, 3]) == "6A84")
    #expect(try append(card, [3, 3, 3]) == "9000")
    #expect(try append(card, [4]) == "6A84")
    #expect(try update(card, 1, [5, 5]) == "6A84")
    #expect(try update(card, 2, [6]) == "9000")
    #expect(try update(card, 1, [5, 5, 5, 5, 5, 5]) == "9000")
    #expect(try read(card, 1) == "0505050505059000")
    #expect(try read(card, 2) == "069000")
    #expect(try read(card, 3) == "0303039000")
  }

  @Test("in a ring are numbered from the youngest, and the oldest gives way")
  func cyclic() throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .cyclic, size: 7, record: 2) == "9000")
    #expect(try read(card, 1) == "6A83")
    for byte: UInt8 in 1...8 {
      #expect(try append(card, [byte, byte]) == "9000")
      for number in 1...4 {
        let older = Int(byte) - number + 1
        let text = Hex.text([UInt8(clamping: older), UInt8(clamping: older)])
        let isThere = number <= 3 && older >= 1
        #expect(try read(card, number) == (isThere ? text + "9000" : "6A83"))
      }
    }
    #expect(try update(card, 3, [0x66, 0x66]) == "9000")
    try card.restart()
    try card.authenticateIssuer()
    #expect(try card.send("00A4020C027001") == "9000")
    #expect(try read(card, 3) == "66669000")
    #expect(try read(card, 1) == "08089000")
    #expect(try update(card, 4, [0x66, 0x66]) == "6A83")
  }

  @Test("and transparent ones refuse each other's commands")
  func structures() throws {
    let card = try BuiltCard()
    #expect(try read(card, 1) == "6986")
    #expect(try append(card, [1]) == "6986")
    #expect(try card.create(0x7001, .linearFixed, size: 4, record: 4) == "9000")
    #expect(try card.send("00B0000001") == "6981")
    #expect(try card.send("00D600000101") == "6981")
    #expect(try card.create(0x7002, .transparent, size: 4) == "9000")
    #expect(try read(card, 1) == "6981")
    #expect(try update(card, 1, [1]) == "6981")
    #expect(try append(card, [1]) == "6981")
  }

  @Test("are named by a number, in one way")
  func parameters() throws {
    let card = try BuiltCard()
    #expect(try card.create(0x7001, .linearFixed, size: 4, record: 4) == "9000")
    for header in ["00B20004", "00B20100", "00B20105", "00B2010C", "00B20184"] {
      #expect(try card.send(header + "00") == "6A86")
    }
    #expect(try card.send("00DC010501AA") == "6A86")
    #expect(try card.send("00E2000101AA") == "6A86")
    #expect(try card.send("00B20104") == "6700")
  }

  @Test("cannot be created where the numbers make no sense")
  func creation() throws {
    let card = try BuiltCard()
    for structure in [FileStructure.linearFixed, .linearVariable, .cyclic] {
      #expect(try card.create(0x7001, structure, size: 0, record: 4) == "6A80")
      #expect(try card.create(0x7001, structure, size: 4, record: 0) == "6A80")
      #expect(try card.create(0x7001, structure, size: 4, record: 5) == "6A80")
    }
    #expect(
      try card.send(
        "00E000001B 6219 80020100 8204020000FF 83027001 8609000000000000000000") == "9000")
    #expect(try append(card, [UInt8](repeating: 7, count: 255)) == "9000")
    #expect(try append(card, [7]) == "6700")
    #expect(try read(card, 1).count == 514)
    #expect(
      try card.send("00A4020402700100").hasPrefix("621E800201008203 0200FF".filter { $0 != " " }))
  }

  @Test("ask for the right of each operation")
  func rules() throws {
    let card = try BuiltCard(.initialised, policy: .standard)
    #expect(
      try card.create(
        0x7001, .linearFixed, size: 8, record: 4,
        access: [0x10, 0x1A, 0x1F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]) == "9000")
    try card.issuer.enter(.personalised)
    try card.issuer.enter(.operational)
    #expect(try read(card, 1) == "6982")
    #expect(try append(card, [1, 1, 1, 1]) == "6982")
    #expect(try update(card, 1, [1, 1, 1, 1]) == "6982")
    try card.authenticateIssuer()
    #expect(try append(card, [1, 1, 1, 1]) == "9000")
    #expect(try update(card, 1, [1, 1, 1, 1]) == "6982")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try read(card, 1) == "010101019000")
    #expect(try update(card, 1, [2, 2, 2, 2]) == "6982")
    #expect(try card.verify("1A", "11223344") == "9000")
    #expect(try update(card, 1, [2, 2, 2, 2]) == "9000")
  }
}
