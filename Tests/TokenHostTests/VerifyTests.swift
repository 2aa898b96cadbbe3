import ISO7816
import Testing

@Suite("VERIFY") struct VerifyTests {
  @Test(
    "counts down to blocked, whatever reference names the PIN", arguments: ["10", "90", "1A", "9A"])
  func blocking(reference: String) throws {
    let card = try IssuedCard()
    #expect(try card.tries(reference) == "63C3")
    #expect(try card.verify(reference, "00000000") == "63C2")
    #expect(try card.tries(reference) == "63C2")
    #expect(try card.verify(reference, "00000000") == "63C1")
    #expect(try card.verify(reference, "00000000") == "63C0")
    #expect(try card.tries(reference) == "6983")
    let right = reference.hasSuffix("A") ? "11223344" : "12345678"
    #expect(try card.verify(reference, right) == "6983")
    try card.reopen()
    #expect(try card.verify(reference, right) == "6983")
    let other = reference.hasSuffix("A") ? "10" : "1A"
    #expect(try card.tries(other) == "63C3")
  }

  @Test("gives all tries back for the right PIN")
  func right() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "1234567") == "63C2")
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.tries("10") == "9000")
    #expect(try card.tries("90") == "9000")
    #expect(try card.tries("1A") == "63C3")
    #expect(try card.verify("10", "87654321") == "63C2")
    #expect(try card.tries("10") == "63C2")
  }

  @Test("takes unpadded codes of five to eight digits")
  func unpadded() throws {
    let card = try IssuedCard()
    for length in 5...8 {
      let code = String("98765432".prefix(length))
      #expect(try card.change("10", length == 5 ? "12345678" : old(length), to: code) == "9000")
      #expect(try card.send("00200010", Array(code.utf8)) == "9000")
      #expect(try card.verify("10", code) == "9000")
      #expect(try card.send("00200010", Array(code.utf8.dropLast()) + [0x30]) == "63C2")
      #expect(try card.verify("10", code) == "9000")
    }
    func old(_ length: Int) -> String { String("98765432".prefix(length - 1)) }
  }

  @Test("of the wrong length or form costs no try")
  func form() throws {
    let card = try IssuedCard()
    #expect(try card.send("002000100431323334") == "6700")
    #expect(try card.send("0020001009313233343536373839") == "6700")
    #expect(try card.send("0020001001 31") == "6700")
    #expect(try card.send("0020011008 3132333435363738") == "6A86")
    #expect(try card.send("0020003008 3132333435363738") == "6A86")
    #expect(try card.send("00200012083132333435363738") == "6A88")
    #expect(try card.send("00200000083132333435363738") == "6A88")
    #expect(try card.send("0020001F083132333435363738") == "6A88")
    #expect(try card.send("00200012") == "6A88")
    #expect(try card.send("10200010083132333435363738") == "6884")
    #expect(try card.tries("10") == "63C3")
    #expect(try card.send("0020001000") == "63C3")
  }

  @Test("finds the signature PIN from everywhere")
  func everywhere() throws {
    let card = try IssuedCard()
    for selection in ["00A4000C023F00", "00A4080C0414008110", "00A4080C0411001101"] {
      #expect(try card.send(selection) == "9000")
      for reference in ["1A", "9A"] {
        #expect(try card.verify(reference, "11223344") == "9000")
      }
    }
  }

  @Test("of a wrong PIN takes back what a right one gave")
  func revocation() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "12345678") == "9000")
    #expect(try card.verify("10", "12345679") == "63C2")
    #expect(try card.tries("10") == "63C2")
    #expect(try card.send("0022F1B603830101") == "9000")
    #expect(try card.send("002A9E9A", [1, 2, 3], ne: 256) == "6982")
  }
}
