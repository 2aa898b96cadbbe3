import Foundation
import Testing

@Suite("openssl shows the certificates' profiles", .runsInAWorld(.opensc, .openssl))
struct CertificateProfileTests {
  /// What openssl says of a key's certificate on a card issued on 2 March 2026.
  private func text(of key: TestKey, _ options: String) async throws -> [String] {
    let token = try await TestToken(.current, "--date", "2026-03-02")
    let outcome = try await token.succeed(
      """
      pkcs15-tool --read-certificate \(key.id) -o card.pem
      openssl x509 -in card.pem -noout \(options)
      """)
    return outcome.output.split(separator: "\n").map { line in
      String(line.reversed().drop { $0 == " " }.reversed())
    }
  }

  /// The extensions, without their margin; key identifiers only by kind.
  private func extensions(of key: TestKey) async throws -> String {
    let lines = try await text(of: key, "-text -certopt no_pubkey,no_sigdump")
    let start = try #require(lines.firstIndex { $0.hasSuffix("X509v3 extensions:") })
    return lines[(start + 1)...].map { line in
      let text = line.dropFirst(12)
      let identifier = text.drop { $0 == " " }
      let isKeyIdentifier =
        identifier.count == 59 && identifier.allSatisfy { $0.isHexDigit || $0 == ":" }
      return isKeyIdentifier ? "    (20 bytes)" : String(text)
    }.joined(separator: "\n")
  }

  @Test("CNS authentication: extensions, all and exactly")
  func cnsExtensions() async throws {
    #expect(
      try await extensions(of: .cns) == """
        X509v3 Key Usage: critical
            Digital Signature, Key Encipherment
        X509v3 Extended Key Usage:
            TLS Web Client Authentication
        X509v3 Certificate Policies:
            Policy: 1.3.76.16.2.1
              User Notice:
                Explicit Text: Identifies X.509 authentication certificates issued for the italian \
        National Service Card (CNS) project in according to the italian regulation
            Policy: 1.3.6.1.4.1.32473.1.1
        X509v3 CRL Distribution Points:
            Full Name:
              URI:http://127.0.0.1:8750/crl/a-cns.crl
        Authority Information Access:
            CA Issuers - URI:http://127.0.0.1:8750/ca/a-cns.cer
            OCSP - URI:http://127.0.0.1:8750/ocsp
        X509v3 Subject Key Identifier:
            (20 bytes)
        X509v3 Authority Key Identifier:
            (20 bytes)
        """)
  }

  @Test("qualified signature: extensions, all and exactly")
  func qualifiedExtensions() async throws {
    let lines = try await extensions(of: .signature).split(separator: "\n").map(String.init)
    // openssl prints the statements' bytes, which `qualifiedStatements` below takes apart.
    let statements = try #require(lines.firstIndex(of: "qcStatements:"))
    #expect(
      (lines[...statements] + lines[(statements + 2)...]).joined(separator: "\n") == """
        X509v3 Key Usage: critical
            Non Repudiation
        X509v3 Certificate Policies:
            Policy: 1.3.6.1.4.1.32473.1.2
            Policy: 0.4.0.194112.1.2
            Policy: 1.3.76.16.6
        qcStatements:
        X509v3 CRL Distribution Points:
            Full Name:
              URI:http://127.0.0.1:8750/crl/a-qualified.crl
        Authority Information Access:
            CA Issuers - URI:http://127.0.0.1:8750/ca/a-qualified.cer
            OCSP - URI:http://127.0.0.1:8750/ocsp
        X509v3 Subject Key Identifier:
            (20 bytes)
        X509v3 Authority Key Identifier:
            (20 bytes)
        """)
  }

  @Test("qualified signature: compliance, 20 years, SSCD, PDS in two languages, esign")
  func qualifiedStatements() async throws {
    let token = try await TestToken()
    let outcome = try await token.succeed(
      """
      pkcs15-tool --read-certificate 10 -o card.pem
      offset=$(openssl asn1parse -in card.pem | grep -A1 ':qcStatements' | tail -1 | cut -d: -f1)
      openssl asn1parse -in card.pem -strparse $offset
      """)
    let values = outcome.output.split(separator: "\n").filter { !$0.contains("SEQUENCE") }.map {
      $0.split(separator: ":", maxSplits: 3).last.map(String.init) ?? ""
    }
    #expect(
      values == [
        "0.4.0.1862.1.1", "0.4.0.1862.1.3", "14", "0.4.0.1862.1.4", "0.4.0.1862.1.5",
        "http://127.0.0.1:8750/pds/it.pdf", "it", "http://127.0.0.1:8750/pds/en.pdf", "en",
        "0.4.0.1862.1.6", "0.4.0.1862.1.6.1",
      ], "\(outcome)")
  }

  @Test("the CNS certificate names administration, holder and card; TEST on both sides")
  func cnsNames() async throws {
    let names = try await text(of: .cns, "-subject -issuer -nameopt multiline,-align,utf8")
    try #require(names.count == 10, "\(names)")
    let commonName = names[4]
    #expect(
      names.prefix(4) + names.dropFirst(5) == [
        "subject=", "    countryName = IT",
        "    organizationName = TEST - CAMERA DI COMMERCIO DI PROVA",
        "    organizationalUnitName = TEST - NOT A REAL ISSUING ADMINISTRATION", "issuer=",
        "    countryName = IT", "    organizationName = softdna TEST Provider A",
        "    organizationalUnitName = TEST - NOT A REAL TRUST SERVICE PROVIDER",
        "    commonName = softdna TEST CNS Authentication CA A",
      ])
    let pattern = /\ {4}commonName = PRVNSN80A41X999K\/[0-9]{16}\.[A-Za-z0-9+\/]{27}=/
    #expect(commonName.wholeMatch(of: pattern) != nil, "\(commonName)")
  }

  @Test("the CNS certificate's CN ends in the hash of the personal data on the card")
  func personalDataHash() async throws {
    let token = try await TestToken()
    let outcome = try await token.succeed(
      """
      pkcs15-tool --read-data-object EF_DatiPersonali --raw -o personal
      length=$(head -c 6 personal)
      head -c $((6 + 0x$length)) personal | openssl dgst -sha1 -binary | openssl base64
      pkcs15-tool --read-certificate 01 | openssl x509 -noout -subject -nameopt sep_multiline
      """)
    let lines = outcome.output.split(separator: "\n")
    let hash = try #require(lines.first)
    #expect(
      lines.last?.hasSuffix("/\(try await token.cardNumber()).\(hash)") == true, "\(outcome)")
  }

  @Test("the qualified certificate names the holder; TEST on both sides")
  func qualifiedNames() async throws {
    let names = try await text(of: .signature, "-subject -issuer -nameopt multiline,-align,utf8")
    let qualifier = try #require(names.firstIndex { $0.hasPrefix("    dnQualifier = SIGTEST") })
    #expect(
      names[..<qualifier] + names[(qualifier + 1)...] == [
        "subject=", "    countryName = IT", "    organizationalUnitName = TEST - NOT VALID",
        "    surname = PROVA TEST", "    givenName = NESSUNA",
        "    serialNumber = TINIT-PRVNSN80A41X999K", "    commonName = PROVA TEST NESSUNA",
        "issuer=", "    countryName = IT", "    organizationName = softdna TEST Provider A",
        "    organizationalUnitName = TEST - NOT A REAL TRUST SERVICE PROVIDER",
        "    organizationIdentifier = VATIT-00000000000",
        "    commonName = softdna TEST Qualified Electronic Signature CA A",
      ])
  }

  @Test("both are valid for three years to the second", arguments: TestKey.allCases)
  func validity(key: TestKey) async throws {
    #expect(
      try await text(of: key, "-dates") == [
        "notBefore=Mar  2 00:00:00 2026 GMT", "notAfter=Mar  1 23:59:59 2029 GMT",
      ])
  }
}
