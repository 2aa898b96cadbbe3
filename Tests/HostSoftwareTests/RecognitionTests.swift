import Testing

@Suite("A PC/SC program sees the token", .runsInAWorld(.opensc))
struct RecognitionTests {
  @Test("OpenSC calls every chip a CNS card", arguments: TestChip.allCases)
  func cardName(chip: TestChip) async throws {
    let outcome = try await TestToken(chip).succeed("opensc-tool -n; opensc-tool -a")
    #expect(outcome.output == "CNS card\n\(chip.atr)\n", "\(outcome)")
  }

  @Test("pcsc_scan finds the card's ATR in the reader that softdna names", .runs(.pcscTools))
  func scan() async throws {
    let outcome = try await TestToken().succeed(
      #"timeout 1 pcsc_scan -n || test $? -eq 124; echo; echo "[$SOFTDNA_READER]""#)
    let atr = TestChip.current.atr.uppercased().split(separator: ":").joined(separator: " ")
    #expect(outcome.output.contains("ATR: \(atr)"), "\(outcome)")
    #expect(outcome.output.contains("[Digital DNA Key (softdna) 00 00]"), "\(outcome)")
  }

  @Test("scriptor sends APDUs to it", .runs(.pcscTools))
  func scriptor() async throws {
    let token = try await TestToken()
    try token.folder.write("reset\n00 84 00 00 08\n00 A4 04 00 02 12 34\n", to: "apdus")
    let outcome = try await token.succeed(#"scriptor -r "$SOFTDNA_READER" apdus"#)
    let answers = outcome.output.split(separator: "\n").filter { $0.hasPrefix("< ") }
    try #require(answers.count == 3, "\(outcome)")
    #expect(answers[1].contains(" 90 00 : Normal processing."), "\(outcome)")
    #expect(answers[2].hasPrefix("< 6A 82"), "\(outcome)")
  }

  @Test("pyscard connects, reads the ATR and asks for a challenge", .runs(.pyscard))
  func pyscard() async throws {
    let token = try await TestToken()
    try token.folder.write(
      """
      import os
      from smartcard.System import readers
      from smartcard.util import toHexString
      reader = [r for r in readers() if str(r) == os.environ["SOFTDNA_READER"]][0]
      connection = reader.createConnection()
      connection.connect()
      print(toHexString(connection.getATR()).replace(" ", ":").lower())
      data, sw1, sw2 = connection.transmit([0x00, 0x84, 0x00, 0x00, 0x08])
      print(len(data), "%02X%02X" % (sw1, sw2))
      """, to: "challenge.py")
    let python = try #require(HostPackage.systemPython)
    let outcome = try await token.succeed("\(python) challenge.py")
    #expect(outcome.output == "\(TestChip.current.atr)\n8 9000\n", "\(outcome)")
  }
}
