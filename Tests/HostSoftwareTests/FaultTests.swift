import Testing

@Suite("A broken card, as pkcs11-tool sees it", .runsInAWorld(.opensc, .openssl))
struct FaultTests {
  /// A fault, and what becomes of a login and a signature.
  struct Case: CustomTestStringConvertible, Sendable {
    let fault: String
    /// What pkcs11-tool says; nil where it signs.
    let error: String?
    /// The signature is right.
    var isRight = false
    /// PIN tries after it.
    var tries = 3
    var testDescription: String { fault }
  }

  /// 256 bytes that are no signature of anything, and `9000`.
  private static let wrongSignature = String(repeating: "5A", count: 256) + "9000"

  private static let functions = """
    PATH="$(dirname "$SOFTDNA"):$PATH"
    sign() {
      rm -f signature
      timeout 60 pkcs11-tool --module "$PKCS11_MODULE" --slot-index 0 --login --pin "$SOFTDNA_PIN" \\
        --sign -m SHA256-RSA-PKCS --id 01 -i message -o signature
    }
    right() { openssl dgst -sha256 -verify key.pem -signature signature message; }
    echo message > message
    pkcs15-tool --read-certificate 01 -o certificate.pem
    openssl x509 -in certificate.pem -noout -pubkey -out key.pem

    """

  @Test(
    "answers, losses and noise reach it; afterwards the token is fine",
    arguments: [
      Case(fault: "--answer 6581 --ins 20", error: "C_Login failed: rv = CKR_DEVICE_ERROR"),
      Case(fault: "--answer 6983 --ins 20", error: "C_Login failed: rv = CKR_PIN_LOCKED"),
      Case(fault: "--answer 6F00 --ins 2A --always", error: "C_SignFinal failed"),
      Case(fault: "--garbage --ins 2A --always", error: "C_SignFinal failed"),
      Case(fault: "--garbage --bytes \(wrongSignature) --ins 2A --always", error: nil),
      Case(fault: "--truncate 1 --ins 2A --always", error: "C_SignFinal failed"),
      Case(fault: "--garbage --always", error: "CKR_TOKEN_NOT_RECOGNIZED"),
      Case(fault: "--drop --ins 2A", error: "C_SignFinal failed"),
      Case(fault: "--drop --ins 20", error: "C_Login failed"),
      // Lost on its way back, and carried out: right PINs give back what they took.
      Case(fault: "--drop --ins 20 --execute", error: "C_Login failed"),
      // The third is not there any more.
      Case(fault: "--answer 6F00 --ins 2A --nth 3", error: nil, isRight: true),
    ])
  func fault(of case: Case) async throws {
    let outcome = try await TestToken().succeed(
      Self.functions + """
        softdna ctl fault \(`case`.fault)
        if sign 2>&1; then
          if right; then echo RIGHT; else echo WRONG; fi
        else
          echo FAILED
        fi
        softdna ctl status | grep present
        softdna ctl clear-faults
        softdna ctl insert
        softdna ctl tries | sed -n '/^10/{n;p}'
        sign
        right
        """)
    let ending =
      `case`.error == nil ? (`case`.isRight ? "RIGHT" : "WRONG") : "FAILED"
    #expect(outcome.output.contains("\n\(ending)\n"), "\(outcome)")
    if let error = `case`.error { #expect(outcome.output.contains(error), "\(outcome)") }
    let isGone = `case`.fault.contains("--drop")
    #expect(outcome.output.contains("present: \(isGone ? "no" : "yes")\n"), "\(outcome)")
    #expect(outcome.output.contains("\n  left: \(`case`.tries)\n"), "\(outcome)")
    #expect(outcome.output.hasSuffix("Verified OK\n"), "\(outcome)")
  }

  @Test("A late answer is waited for, and is right")
  func delay() async throws {
    let outcome = try await TestToken().succeed(
      Self.functions + """
        softdna ctl fault --delay 1500 --ins 2A
        begin=$(date +%s%N)
        sign
        echo $((($(date +%s%N) - begin) / 1000000))
        right
        softdna ctl faults
        """)
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.suffix(2) == ["Verified OK", "none"], "\(outcome)")
    #expect(lines.dropLast(2).last.flatMap { Int($0) } ?? 0 >= 1500, "\(outcome)")
  }

  @Test("A wrong PIN whose answer was lost has cost its try")
  func lostTry() async throws {
    let token = try await TestToken()
    let outcome = try await token.succeed(
      Self.functions + """
        softdna ctl fault --drop --execute --ins 20
        ! SOFTDNA_PIN=00000000 sign || exit 1
        softdna ctl insert
        softdna ctl tries | sed -n '/^10/{n;p}'
        sign
        right
        softdna ctl tries | sed -n '/^10/{n;p}'
        """)
    #expect(
      outcome.output.hasSuffix("\n  left: 2\nVerified OK\n  left: 3\n"), "\(outcome)")
    let check = try await Softdna.run(
      ["inspect", "--check", "--state", token.state], in: token.folder)
    #expect(check.status == 0, "\(check)")
  }
}
