import Foundation
import Testing

@Suite("OpenSSL's PKCS#11 engine uses the token", .runsInAWorld(.opensc, .openssl, .pkcs11Engine))
struct OpenSSLEngineTests {
  @Test("a CMS signature verifies up to the test root", arguments: ["", "-cades"])
  func cms(profile: String) async throws {
    let token = try await TestToken()
    try token.folder.write("a contract\n", to: "contract")
    try token.writeEngineConfiguration()
    let key = TestKey.signature
    let outcome = try await token.succeed(
      """
      pkcs15-tool --read-certificate \(key.id) -o signer.pem
      OPENSSL_CONF=engine.cnf openssl cms -sign \(profile) -engine pkcs11 -keyform engine \
        -inkey "\(key.uri("private"))" -signer signer.pem -md sha256 \
        -binary -nodetach -in contract -outform DER -out contract.p7m
      openssl cms -verify \(profile) -CAfile "$SOFTDNA_CA_FILE" -inform DER -in contract.p7m \
        -out opened
      cmp contract opened
      ! openssl cms -verify -CAfile signer.pem -inform DER -in contract.p7m -out /dev/null || exit 1
      """)
    #expect(outcome.errors.contains("Verification successful"), "\(outcome)")
    // One byte of the contract changed.
    var signed = try token.folder.bytes(of: "contract.p7m")
    let place = try #require(signed.firstRange(of: Array("contract\n".utf8)))
    signed[place.lowerBound] = UInt8(ascii: "k")
    try token.folder.write(signed, to: "forged.p7m")
    let forged = try await token.exec(
      #"openssl cms -verify -CAfile "$SOFTDNA_CA_FILE" -inform DER -in forged.p7m -out /dev/null"#)
    #expect(forged.status != 0, "\(forged)")
  }

  @Test("openssl dgst signs", arguments: TestKey.allCases)
  func digest(key: TestKey) async throws {
    let token = try await TestToken()
    try token.folder.write("text\n", to: "text")
    try token.writeEngineConfiguration()
    let outcome = try await token.succeed(
      """
      OPENSSL_CONF=engine.cnf openssl dgst -engine pkcs11 -keyform engine -sha256 \
        -sign "\(key.uri("private"))" -out signature text
      pkcs15-tool --read-public-key \(key.id) -o public.pem
      openssl dgst -sha256 -verify public.pem -signature signature text
      """)
    #expect(outcome.output == "Verified OK\n", "\(outcome)")
  }
}

extension TestToken {
  /// What tells OpenSSL which module its engine loads, for OPENSSL_CONF.
  func writeEngineConfiguration() throws {
    try folder.write(
      """
      openssl_conf = configuration
      [configuration]
      engines = engines
      [engines]
      pkcs11 = pkcs11
      [pkcs11]
      engine_id = pkcs11
      MODULE_PATH = \(HostPackage.pkcs11Module ?? "")
      init = 0

      """, to: "engine.cnf")
  }
}
