import Foundation
import Testing

/// A way to sign, as pkcs11-tool names it.
enum SignatureMechanism: String, CaseIterable, CustomTestStringConvertible {
  /// PKCS #1 v1.5 over a DigestInfo that the host makes.
  case digestInfo = "RSA-PKCS"
  case hashed = "SHA256-RSA-PKCS"
  case pss = "RSA-PKCS-PSS"
  /// A block that the host has padded.
  case raw = "RSA-X-509"

  var testDescription: String { rawValue }

  /// What goes before the SHA-256 digest of the text in what is signed.
  var prefix: Data? {
    // DigestInfo of SHA-256 (RFC 8017, 9.2, note 1).
    let digestInfo = Data([
      0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
      0x05, 0x00, 0x04, 0x20,
    ])
    return switch self {
    case .digestInfo: digestInfo
    case .hashed: nil
    case .pss: Data()
    case .raw: Data([0x00, 0x01] + [UInt8](repeating: 0xFF, count: 202) + [0x00]) + digestInfo
    }
  }

  var options: String {
    self == .pss ? "--hash-algorithm SHA256 --mgf MGF1-SHA256 --salt-len 32" : ""
  }

  var verification: String {
    self == .pss ? "-sigopt rsa_padding_mode:pss -sigopt rsa_pss_saltlen:32" : ""
  }
}

@Suite("Signatures through PKCS#11 verify with openssl", .runsInAWorld(.opensc, .openssl))
struct SignatureTests {
  @Test("by each key", arguments: TestKey.allCases, SignatureMechanism.allCases)
  func sign(key: TestKey, mechanism: SignatureMechanism) async throws {
    let token = try await TestToken()
    try token.folder.write("to be signed\n", to: "text")
    try token.folder.write("to be signed, too\n", to: "other")
    if let prefix = mechanism.prefix { try token.folder.write(prefix, to: "prefix") }
    let outcome = try await token.succeed(
      """
      if [ -e prefix ]; then
        openssl dgst -sha256 -binary -out digest text
        cat prefix digest > input
      else
        cp text input
      fi
      \(key.pkcs11Tool) --id \(key.id) --sign --mechanism \(mechanism.rawValue) \
        \(mechanism.options) --input-file input --output-file signature >&2
      pkcs15-tool --read-public-key \(key.id) -o public.pem
      openssl dgst -sha256 \(mechanism.verification) -verify public.pem -signature signature text
      openssl dgst -sha256 \(mechanism.verification) -verify public.pem -signature signature other \
        || true
      """)
    #expect(outcome.output == "Verified OK\nVerification failure\n", "\(outcome)")
    #expect(try token.folder.bytes(of: "signature").count == 256)
  }

  @Test("on chips that want other PIN references", arguments: TestKey.allCases)
  func jsign3(key: TestKey) async throws {
    let token = try await TestToken(.jsign3)
    try token.folder.write("to be signed\n", to: "text")
    let outcome = try await token.succeed(
      """
      \(key.pkcs11Tool) --id \(key.id) --sign --mechanism SHA256-RSA-PKCS \
        --input-file text --output-file signature >&2
      pkcs15-tool --read-public-key \(key.id) -o public.pem
      openssl dgst -sha256 -verify public.pem -signature signature text
      """)
    #expect(outcome.output == "Verified OK\n", "\(outcome)")
  }

  @Test("only after the PIN", arguments: TestKey.allCases)
  func withoutPIN(key: TestKey) async throws {
    let token = try await TestToken()
    try token.folder.write("to be signed\n", to: "text")
    let outcome = try await token.exec(
      """
      pkcs11-tool --module "$PKCS11_MODULE" --slot-index \(key.slot) --id \(key.id) --sign \
        --mechanism SHA256-RSA-PKCS --input-file text --output-file signature
      """)
    #expect(outcome.status != 0, "\(outcome)")
    #expect((try? token.folder.bytes(of: "signature").count) ?? 0 == 0)
  }
}
