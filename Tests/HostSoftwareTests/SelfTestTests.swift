import Testing

@Suite("OpenSC's own test of a PKCS#11 module", .runsInAWorld(.opensc))
struct SelfTestTests {
  @Test(
    "finds no errors",
    arguments: TestChip.allCases, TestKey.allCases)
  func selfTest(chip: TestChip, key: TestKey) async throws {
    let outcome = try await TestToken(chip).succeed("\(key.pkcs11Tool) --test")
    #expect(outcome.output.hasSuffix("No errors\n"), "\(outcome)")
    #expect(outcome.output.contains("RSA-X-509: OK"), "\(outcome)")
    #expect(outcome.output.contains("SHA256-RSA-PKCS: OK"), "\(outcome)")
    #expect(!outcome.output.contains("ERR"), "\(outcome)")
  }
}
