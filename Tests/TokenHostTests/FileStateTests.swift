import ISO7816
import Issuance
import Testing

@testable import Firmware

@Suite("The life of files") struct FileStateTests {
  /// An empty chip being built, with a file 7001 of four bytes in a directory 7000.
  private func card() throws -> BuiltCard {
    let card = try BuiltCard()
    #expect(try card.create(0x7000, .dedicated) == "9000")
    #expect(try card.create(0x7001, .transparent, size: 4) == "9000")
    #expect(try card.send("00D6000004 01020304") == "9000")
    return card
  }

  @Test("DELETE FILE takes a file away for good, and its number's next owner finds nothing of it")
  func deletion() throws {
    let card = try card()
    #expect(try card.send("00E40000") == "9000")
    #expect(try card.send("00B0000004") == "6986")
    #expect(try card.send("00A4020C027001") == "6A82")
    #expect(try card.create(0x7002, .transparent, size: 4) == "9000")
    #expect(try card.send("00B0000004") == "000000009000")
    try card.restart()
    #expect(try card.send("00A4080C0470007002") == "9000")
    #expect(try card.send("00A4080C0470007001") == "6A82")
  }

  @Test("DELETE FILE names a child of the current directory, or takes the current file")
  func deletionByName() throws {
    let card = try card()
    #expect(try card.send("00E40000026666") == "6A82")
    #expect(try card.send("00E400000170") == "6700")
    #expect(try card.send("00E4000002 7001") == "9000")
    #expect(try card.send("00A4000C023F00") == "9000")
    #expect(try card.send("00E40000") == "6985")
    #expect(try card.send("00E40000023F00") == "6A82")
    #expect(try card.send("00E40000027000") == "9000")
    #expect(try card.send("00A4010C027000") == "6A82")
  }

  @Test("DELETE FILE leaves a directory that is not empty")
  func deletionOfDirectories() throws {
    let card = try card()
    #expect(try card.send("00A4010C027000") == "6A82")
    #expect(try card.send("00A4080C027000") == "9000")
    #expect(try card.send("00E40000") == "6985")
    #expect(try card.send("00E40000027001") == "9000")
    #expect(try card.putKey(0x05, bits: 256, algorithm: 0xEC) == "9000")
    #expect(try card.send("00E40000") == "6985")
    #expect(try card.send("00A4080C027000") == "9000")
  }

  @Test("DEACTIVATE FILE switches a file off, ACTIVATE FILE on again")
  func deactivation() throws {
    let card = try card()
    #expect(try card.send("00040000") == "9000")
    #expect(try card.send("00B0000004") == "6985")
    #expect(try card.send("00D600000101") == "6985")
    try card.restart()
    try card.authenticateIssuer()
    let selected = try card.send("00A4080404 70007001 00")
    #expect(selected.hasSuffix("8A01046283"))
    #expect(try card.send("00B0000004") == "6985")
    #expect(try card.send("00440000") == "9000")
    #expect(try card.send("00B0000004") == "010203049000")
    #expect(try card.send("00040000 01 00") == "6700")
  }

  @Test("a directory that is switched off takes what is in it along")
  func deactivatedDirectory() throws {
    let card = try card()
    #expect(try card.send("00A4080C027000") == "9000")
    #expect(try card.send("00040000") == "9000")
    #expect(try card.create(0x7002, .transparent, size: 4) == "6985")
    #expect(try card.send("00A4080C0470007001") == "9000")
    #expect(try card.send("00B0000004") == "6985")
    #expect(try card.send("00A4080C027000") == "6283")
    #expect(try card.send("00440000") == "9000")
    #expect(try card.send("00A4080C0470007001") == "9000")
    #expect(try card.send("00B0000004") == "010203049000")
    #expect(try card.send("00A4000C023F00") == "9000")
    #expect(try card.send("00040000") == "6985")
  }

  @Test("TERMINATE EF and DF switch off for good, each its own kind")
  func termination() throws {
    let card = try card()
    #expect(try card.send("00E60000") == "6981")
    #expect(try card.send("00E80000") == "9000")
    #expect(try card.send("00B0000004") == "6985")
    #expect(try card.send("00440000") == "6985")
    #expect(try card.send("00A4080C0470007001") == "6285")
    #expect(try card.send("00A4080C027000") == "9000")
    #expect(try card.send("00E80000") == "6981")
    #expect(try card.send("00E60000") == "9000")
    #expect(try card.send("00440000") == "6985")
    #expect(try card.create(0x7002, .transparent, size: 4) == "6985")
    #expect(try card.send("00A4080C027000") == "6285")
  }

  @Test("TERMINATE DF of the master file ends the card's life")
  func endOfLife() throws {
    let card = try card()
    #expect(try card.send("00A4000C023F00") == "9000")
    #expect(try card.send("00E60000") == "9000")
    for _ in 0..<2 {
      #expect(try card.send("00CA018300") == "0C9000")
      #expect(try card.send("00A40004023F0000").hasSuffix("8A010C6285"))
      #expect(try card.send("00A4020C022F02") == "6285")
      #expect(try card.send("00B0000001") == "6985")
      #expect(try card.send("0084000008") == "6985")
      #expect(try card.send("00440000") == "6985")
      #expect(try card.send("00DA01830110") == "6985")
      try card.restart()
    }
  }

  @Test("PUT DATA 016F gives a file new rules")
  func fileControl() throws {
    let card = try BuiltCard(.initialised, policy: .standard)
    #expect(try card.create(0x7001, .transparent, size: 4) == "9000")
    let rules = TLV.bytes(0x86, [0x10, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF])
    #expect(try card.send("00DA016F", TLV.bytes(0x86, [0x10])) == "6A80")
    #expect(try card.send("00DA016F") == "6A80")
    #expect(try card.send("00DA016F", rules) == "9000")
    try card.issuer.enter(.personalised)
    try card.issuer.enter(.operational)
    try card.authenticateIssuer()
    #expect(try card.send("00B0000004") == "6982")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("00B0000004") == "000000009000")
    // The new rules do not let anybody change them again.
    #expect(try card.send("00DA016F", rules) == "6982")
    try card.restart()
    #expect(try card.send("00A4020C027001") == "9000")
    #expect(try card.send("00B0000004") == "6982")
  }

  @Test("each change of a file's life asks for the right of its own")
  func rules() throws {
    let changes = [("00040000", 3), ("00440000", 4), ("00E40000", 5), ("00E80000", 6)]
    for (command, position) in changes {
      for isAllowed in [false, true] {
        let card = try BuiltCard(.initialised, policy: .standard)
        var access = [UInt8](repeating: isAllowed ? 0xFF : 0x10, count: 9)
        access[position] = isAllowed ? 0x10 : 0xFF
        #expect(try card.create(0x7001, .transparent, size: 4, access: access) == "9000")
        try card.issuer.enter(.personalised)
        try card.issuer.enter(.operational)
        #expect(try card.send(command) == "6982")
        try card.authenticateIssuer()
        #expect(try card.send(command) == "6982")
        #expect(try card.verify("10", "12345678") == "9000")
        #expect(try card.send(command) == (isAllowed ? "9000" : "6982"))
      }
    }
  }
}
