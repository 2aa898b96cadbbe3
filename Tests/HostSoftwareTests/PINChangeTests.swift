import Testing

@Suite("The holder changes a PIN", .runsInAWorld(.opensc))
struct PINChangeTests {
  @Test("with both tools, and logs in with the new one", arguments: TestKey.allCases)
  func change(key: TestKey) async throws {
    let token = try await TestToken()
    let login = key.pkcs11Tool.replacing(key.pin, with: "24680")
    try await token.succeed(
      """
      \(key.pkcs11Tool) --change-pin --new-pin 24680
      \(login) --list-objects
      """)
    let next = try await token.succeed(
      """
      pkcs15-tool --change-pin --auth-id \(key.id) --pin 24680 --new-pin 97531864
      pkcs15-tool --verify-pin --auth-id \(key.id) --pin 97531864
      """)
    let last = try await token.exec("\(key.pkcs11Tool) --list-objects")
    #expect(last.errors.contains("CKR_PIN_INCORRECT"), "\(next)\n\(last)")
  }

  @Test("to 5 to 8 digits", arguments: ["24680", "246802", "2468024", "24680246"])
  func allowedLengths(pin: String) async throws {
    let token = try await TestToken()
    try await token.succeed(
      """
      pkcs15-tool --change-pin --auth-id 01 --pin "$SOFTDNA_PIN" --new-pin \(pin)
      pkcs15-tool --verify-pin --auth-id 01 --pin \(pin)
      """)
  }

  @Test("but not to 4 or 9 digits: OpenSC refuses", arguments: ["2468", "246802468"])
  func refusedLengths(pin: String) async throws {
    let token = try await TestToken()
    let eleven = try await token.exec(
      "\(TestKey.cns.pkcs11Tool) --change-pin --new-pin \(pin)")
    #expect(eleven.status != 0 && eleven.errors.contains("CKR_PIN_LEN_RANGE"), "\(eleven)")
    let fifteen = try await token.exec(
      #"pkcs15-tool --change-pin --auth-id 01 --pin "$SOFTDNA_PIN" --new-pin \#(pin)"#)
    #expect(fifteen.status != 0 && fifteen.errors.contains("Invalid PIN length"), "\(fifteen)")
    try await token.succeed(#"pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN""#)
  }

  @Test("nor does the card take 4 digits, or letters, and no try is lost")
  func refusedByTheCard() async throws {
    let token = try await TestToken()
    let outcome = try await token.succeed(
      """
      old=$(printf %s "$SOFTDNA_PIN" | od -An -tx1 | tr -d ' ')
      opensc-tool -s 0024001010${old}32343638ffffffff
      opensc-tool -s 0024001010${old}4142434445464748
      opensc-tool -s 0024001010${old}3234363830ff3234
      opensc-tool -s 00200010
      """)
    #expect(outcome.statusWords.dropLast().allSatisfy { $0 == "6A80" }, "\(outcome)")
    #expect(outcome.statusWords.count == 4, "\(outcome)")
    try await token.succeed(#"pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN""#)
  }
}

extension Outcome {
  /// The status words that opensc-tool printed.
  var statusWords: [String] {
    output.split(separator: "\n").filter { $0.hasPrefix("Received (SW1=0x") }.map { line in
      line.split(separator: "0x").dropFirst().map { String($0.prefix(2)) }.joined()
    }
  }
}
