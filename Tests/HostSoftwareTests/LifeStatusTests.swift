import Foundation
import Testing

/// What openssl says of one of the token's certificates and of a signature made with its key.
struct HostVerdict: Equatable, CustomStringConvertible {
  /// `openssl verify -crl_check_all`.
  let path: String
  /// `openssl ocsp`.
  let status: String
  /// `openssl cms -verify -crl_check_all`.
  let signature: String

  var description: String { "\(path) | \(status) | \(signature)" }

  static let good = HostVerdict("OK", "good")
  static let expired = HostVerdict("certificate has expired", "good")
  static func revoked(_ reason: String) -> HostVerdict {
    HostVerdict("certificate revoked", "revoked \(reason)")
  }

  private init(_ path: String, _ status: String) {
    self.path = path
    self.status = status
    signature = path
  }

  init?(_ line: some StringProtocol) {
    let parts = line.components(separatedBy: "|").map { $0.trimmingCharacters(in: .whitespaces) }
    guard parts.count == 3 else { return nil }
    path = parts[0]
    // OpenSSL 3.0 has no word for reason 9.
    status = parts[1].replacingOccurrences(of: "(UNKNOWN)", with: "privilegeWithdrawn")
    signature = parts[2]
  }
}

extension OnlineToken {
  /// Reads both certificates off the card, signs with both keys through PKCS#11, and keeps it all
  /// under a name.
  private static let sign = """
    sign() { # NAME OBJECT URI
      pkcs15-tool --read-certificate $2 -o $1.pem
      printf 'a contract, %s\\n' "$1" > $1.txt
      OPENSSL_CONF=engine.cnf openssl cms -sign -engine pkcs11 -keyform engine -inkey "$3" \
        -signer $1.pem -md sha256 -binary -nodetach -in $1.txt -outform DER -out $1.p7m 2> sign.log \
        || { cat sign.log >&2; exit 1; }
    }
    """

  /// Judges what was kept under a name by what the server tells, at the URLs in the certificates.
  private static let judge = """
    lists() { # CERTIFICATE
      curl -sSf "$(openssl x509 -in $1 -noout -ext crlDistributionPoints | sed -n 's/.*URI://p')" \
        | openssl crl -inform DER >> trust.pem
    }
    judge() { # NAME
      curl -sSf "$(openssl x509 -in $1.pem -noout -ext authorityInfoAccess \
        | sed -n 's/.*CA Issuers - URI://p')" | openssl x509 -inform DER -out issuer.pem
      root="$SOFTDNA_STATE/ca/root.pem"
      cp "$root" trust.pem
      lists $1.pem
      lists issuer.pem
      path=$(openssl verify -crl_check_all -x509_strict -policy_check -CAfile trust.pem \
        -untrusted issuer.pem $1.pem 2>&1) && path=OK \
        || path=$(printf '%s' "$path" | sed -n 's/.*lookup: //p' | head -n 1)
      answer=$(openssl ocsp -issuer issuer.pem -cert $1.pem -CAfile "$root" \
        -url "$(openssl x509 -in $1.pem -noout -ocsp_uri)" 2>&1)
      case "$answer" in
        *WARNING*) echo "$answer" >&2; exit 1;;
        *"Response verify OK"*);;
        *) echo "$answer" >&2; exit 1;;
      esac
      status=$(printf '%s' "$answer" | sed -n "s/^$1.pem: //p; s/.*Reason: //p" | tr '\\n' ' ')
      # For a signature no further certificates can be named: the CA joins the store.
      cat issuer.pem >> trust.pem
      signature=$(openssl cms -verify -inform DER -in $1.p7m -CAfile trust.pem -purpose any \
        -crl_check_all -out $1.out 2>&1) && cmp $1.out $1.txt && signature=OK \
        || signature=$(printf '%s' "$signature" | sed -n 's/.*Verify error: *//p' | head -n 1)
      echo "$path | $status | $signature"
    }
    """

  /// Signs with both keys on a day and keeps certificates and signatures under a name.
  func sign(_ name: String, on day: String) async throws {
    _ = try await online(
      Self.sign
        + TestKey.allCases.map { "\nsign \(name)-\($0) \($0.id) \"\($0.uri("private"))\"" }
        .joined(), on: day)
  }

  /// What the host says of the CNS and of the signature certificate kept under a name.
  func verdicts(on name: String, on day: String) async throws -> [HostVerdict] {
    let outcome = try await online(
      Self.judge + TestKey.allCases.map { "\njudge \(name)-\($0)" }.joined(), on: day)
    return outcome.output.split(separator: "\n").compactMap { HostVerdict($0) }
  }

  /// What the authority itself says of the device.
  func status(on day: String) async throws -> String {
    let outcome = try await authority("show", on: day, "--json")
    struct Shown: Decodable { let status: String }
    return try JSONDecoder().decode(Shown.self, from: Data(outcome.output.utf8)).status
  }
}

@Suite(
  "OpenSSL agrees with the authority about signatures of the token, at every stage of its life",
  .runsInAWorld(.opensc, .openssl, .pkcs11Engine, .curl, .faketime))
struct LifeStatusTests {
  @Test("issued, suspended, reactivated, renewed, revoked")
  func life() async throws {
    let online = try await OnlineToken(on: "2026-03-02")
    func expect(
      _ verdicts: [HostVerdict], _ status: String, of name: String, on day: String,
      _ location: SourceLocation = #_sourceLocation
    ) async throws {
      let found = try await online.verdicts(on: name, on: day)
      #expect(found == verdicts, "\(day)", sourceLocation: location)
      #expect(try await online.status(on: day) == status, sourceLocation: location)
    }
    try await online.sign("first", on: "2026-03-03")
    try await expect([.good, .good], "active", of: "first", on: "2026-03-03")

    try await online.succeed("suspend", on: "2026-05-10")
    // The card knows nothing of it; who verifies does.
    try await online.sign("held", on: "2026-05-11")
    let held = HostVerdict.revoked("certificateHold")
    for name in ["first", "held"] {
      try await expect([held, held], "suspended", of: name, on: "2026-05-11")
    }

    try await online.succeed("reactivate", on: "2026-05-12")
    for name in ["first", "held"] {
      try await expect([.good, .good], "active", of: name, on: "2026-05-12")
    }

    try await online.succeed("renew", on: "2029-02-10")
    try await online.sign("second", on: "2029-02-11")
    let superseded = HostVerdict.revoked("superseded")
    try await expect([superseded, superseded], "active", of: "first", on: "2029-02-11")
    try await expect([.good, .good], "active", of: "second", on: "2029-02-11")

    try await online.succeed("revoke", on: "2029-06-01", "--reason", "theft")
    let stolen = HostVerdict.revoked("keyCompromise")
    try await expect([stolen, stolen], "revoked", of: "second", on: "2029-06-01")
    try await expect([superseded, superseded], "revoked", of: "first", on: "2029-06-01")
  }

  @Test("expired: not revoked, and good until the last second of the day before")
  func expired() async throws {
    let online = try await OnlineToken(on: "2026-03-02")
    try await online.sign("last", on: "2029-03-01")
    #expect(try await online.verdicts(on: "last", on: "2029-03-01") == [.good, .good])
    #expect(try await online.status(on: "2029-03-01") == "active")
    #expect(try await online.verdicts(on: "last", on: "2029-03-02") == [.expired, .expired])
    #expect(try await online.status(on: "2029-03-02") == "expired")
  }

  @Test("revoked because of its chip: signatures no more, log-in still")
  func chip() async throws {
    let policy = Softdna.repository + "/scenarios/policies/cuneo.yaml"
    let online = try await OnlineToken(.cosmoV9, on: "2024-06-03", ["--chamber", policy])
    try await online.sign("before", on: "2025-12-30")
    #expect(try await online.verdicts(on: "before", on: "2025-12-30") == [.good, .good])
    // Nobody runs the day: answers know what is due.
    let withdrawn = HostVerdict.revoked("privilegeWithdrawn")
    #expect(try await online.verdicts(on: "before", on: "2025-12-31") == [.good, withdrawn])
    try await online.sign("after", on: "2026-01-05")
    #expect(try await online.verdicts(on: "after", on: "2026-01-05") == [.good, withdrawn])
    #expect(try await online.status(on: "2026-01-05") == "signature-revoked")
  }

  @Test("the disclosure statements that the qualified certificate names are there, marked TEST")
  func disclosure() async throws {
    let online = try await OnlineToken()
    let outcome = try await online.online(
      """
      pkcs15-tool --read-certificate 10 -o card.pem
      for url in $(openssl x509 -in card.pem -outform DER \
        | grep -ao 'http://[0-9.:]*/pds/[a-z]*.pdf'); do
        curl -sSf --output "${url##*/}" --write-out '%{content_type}\\n' "$url"
      done
      curl -s --output /dev/null --write-out '%{http_code}\\n' http://127.0.0.1:\(online.port)/pds/fr.pdf
      """)
    #expect(outcome.output == "application/pdf\napplication/pdf\n404\n", "\(outcome)")
    for (file, title) in [
      ("it.pdf", "TEST - DICHIARAZIONE DI TRASPARENZA"), ("en.pdf", "TEST - PKI DISCLOSURE"),
    ] {
      let text = try online.folder.text(of: file)
      #expect(text.hasPrefix("%PDF-1.4\n") && text.hasSuffix("%%EOF\n") && text.contains(title))
      // The cross-reference table finds every object (ISO 32000-1, 7.5.4).
      let start = try #require(text.firstMatch(of: /startxref\n(\d+)\n/)).1
      let table = text.utf8.dropFirst(try #require(Int(start)))
      #expect(table.starts(with: "xref\n0 6\n".utf8))
      let entries = String(decoding: table, as: UTF8.self).matches(of: /(\d{10}) 00000 n/)
      for (index, entry) in entries.enumerated() {
        let place = text.utf8.dropFirst(try #require(Int(entry.1)))
        #expect(place.starts(with: "\(index + 1) 0 obj".utf8))
      }
      #expect(entries.count == 5)
    }
  }
}
