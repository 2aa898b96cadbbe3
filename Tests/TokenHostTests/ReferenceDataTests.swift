import ISO7816
import Testing

@Suite("CHANGE REFERENCE DATA and RESET RETRY COUNTER") struct ReferenceDataTests {
  @Test(
    "a PIN is changed to five to eight digits",
    arguments: ["54321", "654321", "7654321", "00000000"])
  func accepted(new: String) throws {
    let card = try IssuedCard()
    #expect(try card.change("10", "12345678", to: new) == "9000")
    #expect(try card.tries("10") == "9000")
    try card.reopen()
    #expect(try card.verify("10", "12345678") == "63C2")
    #expect(try card.verify("10", new) == "9000")
  }

  @Test(
    "a new PIN that is none is refused and costs no try",
    arguments: ["1234", "", "1234567A", "ABCDEFGH", "12345\u{0}\u{0}\u{0}", " 1234567"])
  func refused(new: String) throws {
    let card = try IssuedCard()
    #expect(try card.change("10", "12345678", to: new) == "6A80")
    #expect(try card.change("10", "00000000", to: new) == "6A80")
    #expect(try card.unblock("10", "87654321", new: new) == "6A80")
    #expect(try card.tries("10") == "63C3")
    #expect(try card.tries("11") == "63CA")
    #expect(try card.verify("10", "12345678") == "9000")
  }

  @Test("digits behind the padding are no PIN either")
  func padding() throws {
    let card = try IssuedCard()
    let broken: [UInt8] = [0x31, 0x32, 0x33, 0xFF, 0x34, 0x35, 0x36, 0x37]
    #expect(try card.send("00240010", Array("12345678".utf8) + broken) == "6A80")
    #expect(try card.send("00240010", Array("12345678123456789".utf8)) == "6700")
    #expect(try card.send("00240010", Array("1234567812345".utf8)) == "6700")
    #expect(try card.send("00240010") == "6700")
    #expect(try card.tries("10") == "63C3")
  }

  @Test("a wrong old PIN costs a try and changes nothing")
  func wrongOld() throws {
    let card = try IssuedCard()
    for left in ["63C2", "63C1", "63C0", "6983"] {
      #expect(try card.change("90", "11111111", to: "22222222") == left)
    }
    #expect(try card.change("10", "12345678", to: "22222222") == "6983")
    #expect(try card.unblock("10", "87654321", new: "33333333") == "9000")
    #expect(try card.verify("10", "33333333") == "9000")
  }

  @Test("the new value alone is enough after VERIFY")
  func withoutOld() throws {
    let card = try IssuedCard()
    #expect(try card.send("00240110", Array("55555555".utf8)) == "6982")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.send("00240110", Array("55555555".utf8)) == "9000")
    #expect(try card.verify("10", "55555555") == "9000")
    #expect(try card.send("0024011008") == "6700")
    #expect(try card.send("00240210", Array("55555555".utf8)) == "6A86")
  }

  @Test("the PUK cannot be changed, and nothing unblocks it")
  func puk() throws {
    let card = try IssuedCard()
    #expect(try card.change("11", "87654321", to: "12121212") == "6982")
    #expect(try card.unblock("11", "87654321", new: "12121212") == "6982")
    #expect(try card.tries("11") == "63CA")
    #expect(try card.change("1F", "87654321", to: "12121212") == "6A88")
  }

  @Test("the PUK unblocks its PIN and no other, with and without a new one")
  func forms() throws {
    let card = try IssuedCard()
    for _ in 0..<3 { _ = try card.verify("10", "00000000") }
    #expect(try card.unblock("10", "44332211", new: "12345678") == "63C9")
    #expect(try card.unblock("90", "87654321", new: "24681357") == "9000")
    // Unblocking is not verifying.
    #expect(try card.tries("10") == "63C3")
    #expect(try card.tries("11") == "63CA")
    #expect(try card.verify("10", "24681357") == "9000")

    for _ in 0..<3 { _ = try card.verify("1A", "00000000") }
    #expect(try card.send("002C011A", Array("87654321".utf8)) == "63C9")
    #expect(try card.send("002C011A", Array("44332211".utf8)) == "9000")
    #expect(try card.verify("1A", "11223344") == "9000")

    for _ in 0..<3 { _ = try card.verify("1A", "00000000") }
    #expect(try card.send("002C021A", Array("10101010".utf8)) == "6982")
    #expect(try card.send("002C031A") == "6982")
    #expect(try card.verify("1B", "44332211") == "9000")
    #expect(try card.send("002C021A", Array("10101010".utf8)) == "9000")
    #expect(try card.verify("1A", "10101010") == "9000")
    for _ in 0..<3 { _ = try card.verify("1A", "00000000") }
    #expect(try card.send("002C031A") == "9000")
    #expect(try card.verify("1A", "10101010") == "9000")

    #expect(try card.send("002C041A") == "6A86")
    #expect(try card.send("002C001A", Array("44332211".utf8)) == "6700")
    #expect(try card.send("002C031A", Array("44332211".utf8)) == "6700")
    #expect(try card.send("002C0012", Array("4433221144332211".utf8)) == "6A88")
  }

  @Test("ten wrong PUKs are final")
  func exhausted() throws {
    let card = try IssuedCard()
    for left in (0..<10).reversed() {
      #expect(try card.unblock("10", "00000000", new: "12345678") == "63C\(left)")
    }
    for _ in 0..<2 {
      #expect(try card.unblock("10", "87654321", new: "12345678") == "6983")
      #expect(try card.send("002C0110", Array("87654321".utf8)) == "6983")
      #expect(try card.verify("11", "87654321") == "6983")
      #expect(try card.tries("11") == "6983")
      try card.reopen()
    }
    // The PIN itself was not touched.
    #expect(try card.verify("10", "12345678") == "9000")
  }
}
