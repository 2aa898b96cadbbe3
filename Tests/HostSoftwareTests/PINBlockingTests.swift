import Testing

@Suite("Wrong PINs block, the PUK unblocks", .runsInAWorld(.opensc))
struct PINBlockingTests {
  /// A key of a chip. JSign3 has OpenSC set bit 8 of P2.
  struct Place: CustomTestStringConvertible, Sendable {
    let chip: TestChip
    let key: TestKey
    var testDescription: String { "\(chip.rawValue), \(key.rawValue)" }
  }

  @Test(
    "whatever tool they come from, from one run to the next",
    arguments: [
      Place(chip: .current, key: .cns), Place(chip: .current, key: .signature),
      Place(chip: .jsign3, key: .cns), Place(chip: .jsign3, key: .signature),
    ])
  func block(place: Place) async throws {
    let (token, key) = (try await TestToken(place.chip), place.key)
    let query = "opensc-tool -s 002000\(key.reference)"
    let first = try await token.succeed(
      """
      \(query)
      ! \(key.pkcs11Tool.replacing(key.pin, with: "00000000")) --list-objects || exit 1
      \(query)
      """)
    #expect(first.statusWords == ["63C3", "63C2"], "\(first)")
    #expect(first.errors.contains("CKR_PIN_INCORRECT"), "\(first)")
    let second = try await token.succeed(
      """
      ! pkcs15-tool --verify-pin --auth-id \(key.id) --pin 00000000 || exit 1
      \(query)
      """)
    #expect(second.statusWords == ["63C1"], "\(second)")
    #expect(second.errors.contains("PIN code or key incorrect"), "\(second)")
    let third = try await token.succeed(
      """
      opensc-tool -s 002000\(key.reference)083030303030303030
      opensc-tool -s 002000\(key.reference)083030303030303030
      """)
    #expect(third.statusWords == ["63C0", "6983"], "\(third)")
    let blocked = try await token.succeed(
      """
      ! \(key.pkcs11Tool) --list-objects || exit 1
      ! pkcs15-tool --verify-pin --auth-id \(key.id) --pin "\(key.pin)" || exit 1
      \(query)
      """)
    #expect(blocked.statusWords == ["6983"], "\(blocked)")
    #expect(blocked.errors.contains("CKR_PIN_LOCKED"), "\(blocked)")
    #expect(blocked.errors.contains("Authentication method blocked"), "\(blocked)")
    let unblocked = try await token.succeed(
      """
      ! pkcs15-tool --unblock-pin --auth-id \(key.id) --puk 00000000 --new-pin 13579 || exit 1
      pkcs15-tool --unblock-pin --auth-id \(key.id) --puk "\(key.puk)" --new-pin 13579
      \(query)
      \(key.pkcs11Tool.replacing(key.pin, with: "13579")) --test
      """)
    #expect(unblocked.statusWords == ["63C3"], "\(unblocked)")
    #expect(unblocked.output.hasSuffix("No errors\n"), "\(unblocked)")
  }

  @Test("each with its own counter")
  func separateCounters() async throws {
    let outcome = try await TestToken().succeed(
      """
      for pin in 1 2 3; do opensc-tool -s 00200010083030303030303030; done
      opensc-tool -s 0020001A
      pkcs15-tool --verify-pin --auth-id 10 --pin "$SOFTDNA_SIGNATURE_PIN"
      """)
    #expect(outcome.statusWords == ["63C2", "63C1", "63C0", "63C3"], "\(outcome)")
  }

  @Test("and a right PIN gives the tries back")
  func triesComeBack() async throws {
    let outcome = try await TestToken().succeed(
      """
      opensc-tool -s 00200010083030303030303030
      pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN"
      opensc-tool -s 00200010083030303030303030
      """)
    #expect(outcome.statusWords == ["63C2", "63C2"], "\(outcome)")
  }
}
