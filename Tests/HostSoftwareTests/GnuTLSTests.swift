import Testing

@Suite("GnuTLS uses the token", .runsInAWorld(.opensc, .gnutls))
struct GnuTLSTests {
  /// Finds the token's URL as a user would, in the list.
  private func script(_ key: TestKey, _ command: String) -> String {
    """
    url=$(p11tool --provider "$PKCS11_MODULE" --list-token-urls | grep CNS\(key.slot))
    GNUTLS_PIN="\(key.pin)" p11tool --provider "$PKCS11_MODULE" --batch --login \(command)
    """
  }

  @Test("p11tool lists private key, public key and certificate", arguments: TestKey.allCases)
  func list(key: TestKey) async throws {
    let outcome = try await TestToken().succeed(script(key, #"--list-all "$url""#))
    for line in [
      "Type: Private key (RSA-2048)", "Type: Public key (RSA-2048)",
      "Type: X.509 Certificate (RSA-2048)", "Label: CNS\(key.slot)", "ID: \(key.id)",
      "token=NESSUNA%20PROVA%20TEST%20%28PIN%20CNS\(key.slot)%29",
    ] {
      #expect(outcome.output.contains(line), "\(line) is missing in\n\(outcome)")
    }
  }

  @Test("p11tool signs and verifies", arguments: TestKey.allCases)
  func sign(key: TestKey) async throws {
    let outcome = try await TestToken().succeed(
      script(key, #"--test-sign "$url;object=CNS\#(key.slot);type=private""#))
    #expect(outcome.errors.contains("Signing using RSA-SHA256... ok"), "\(outcome)")
    #expect(
      outcome.errors.contains("Verifying against public key in the token... ok"), "\(outcome)")
  }
}
