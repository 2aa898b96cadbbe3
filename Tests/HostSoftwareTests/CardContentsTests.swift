import Foundation
import Testing

@Suite("OpenSC reads the card", .runsInAWorld(.opensc, .openssl))
struct CardContentsTests {
  @Test("pkcs15-tool shows the holder, the card number, both keys and their PINs")
  func dump() async throws {
    let token = try await TestToken()
    let dump = try await token.succeed("pkcs15-tool -D").output
    #expect(dump.hasPrefix("PKCS#15 Card [NESSUNA PROVA TEST]:\n"))
    let info = try await token.cardNumber()
    #expect(dump.contains("Serial number  : \(info)\n"))
    for title in [
      "PIN [PIN CNS0]", "PIN [PUK CNS0]", "PIN [PIN CNS1]", "PIN [PUK CNS1]",
      "Private RSA Key [CNS0]", "Private RSA Key [CNS1]", "Public RSA Key [CNS0]",
      "Public RSA Key [CNS1]", "X.509 Certificate [CNS0]", "X.509 Certificate [CNS1]",
      "Data object 'EF_DatiPersonali'", "Data object 'EF_GDO'",
    ] {
      #expect(dump.contains("\n\(title)\n"), "\(title) is missing in\n\(dump)")
    }
    let keys = dump.components(separatedBy: "\n\n").filter { $0.hasPrefix("Private RSA Key") }
    try #require(keys.count == 2)
    #expect(keys[0].contains("Usage          : [0x24], sign, unwrap\n"))
    #expect(keys[1].contains("nonRepudiation\n"))
    for (key, text) in zip(TestKey.allCases, keys) {
      #expect(text.contains("ModLength      : 2048\n"))
      #expect(text.contains("Auth ID        : \(key.id)\n"))
    }
    let lengths = dump.components(separatedBy: "min_len:5, max_len:8, stored_len:8")
    #expect(lengths.count == 5)
  }

  @Test("certificates chain up to the test root", arguments: TestKey.allCases)
  func certificateChain(key: TestKey) async throws {
    let token = try await TestToken()
    let outcome = try await token.succeed(
      """
      pkcs15-tool --read-certificate \(key.id) -o card.pem
      openssl verify -CAfile "$SOFTDNA_CA_FILE" card.pem
      openssl verify -CAfile "$SOFTDNA_STATE/ca/root.pem" \
        -untrusted "$SOFTDNA_CA_FILE" -x509_strict card.pem
      openssl verify -CAfile "$SOFTDNA_STATE/ca/root.pem" card.pem || echo "not without its CA"
      """)
    #expect(
      outcome.output == "card.pem: OK\ncard.pem: OK\nnot without its CA\n", "\(outcome)")
  }

  @Test("the public key on the card is the certificate's", arguments: TestKey.allCases)
  func publicKey(key: TestKey) async throws {
    try await TestToken().succeed(
      """
      pkcs15-tool --read-certificate \(key.id) -o card.pem
      pkcs15-tool --read-public-key \(key.id) -o public.pem
      openssl x509 -in card.pem -noout -pubkey > of-certificate.pem
      cmp public.pem of-certificate.pem
      """)
  }

  @Test("two tokens hold different keys and certificates")
  func twoTokens() async throws {
    let one = try await TestToken()
    let other = try await TestToken(.current, "--seed", "2")
    var dumps: [String] = []
    for token in [one, other] {
      dumps.append(
        try await token.succeed(
          "pkcs15-tool --read-public-key 01; pkcs15-tool --read-public-key 10"
        ).output)
    }
    #expect(dumps[0].contains("BEGIN PUBLIC KEY"))
    #expect(dumps[0] != dumps[1])
    #expect(try await one.cardNumber() != other.cardNumber())
  }
}

extension TestToken {
  /// EF_IDCarta, read without a reader.
  func cardNumber() async throws -> String {
    let outcome = try await Softdna.run(
      ["apdu", "--json", "--state", state, "00A4080C0410001003", "00B0000010"], in: folder)
    let answer = try #require(outcome.output.split(separator: "\n").last, "\(outcome)")
    let fields = try JSONDecoder().decode([String: String].self, from: Data(answer.utf8))
    return String(
      decoding: try #require(fields["data"]).pairs.compactMap { UInt8($0, radix: 16) },
      as: UTF8.self)
  }
}

extension String {
  /// Two characters at a time.
  fileprivate var pairs: [String] {
    var rest = self[...]
    var pairs: [String] = []
    while !rest.isEmpty {
      pairs.append(String(rest.prefix(2)))
      rest = rest.dropFirst(2)
    }
    return pairs
  }
}
