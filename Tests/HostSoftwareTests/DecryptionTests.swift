import Testing

/// A way to encrypt with openssl, and to decrypt with pkcs11-tool.
enum EncryptionPadding: String, CaseIterable, CustomTestStringConvertible {
  case pkcs1
  case oaepSHA1 = "OAEP with SHA-1"
  case oaepSHA256 = "OAEP with SHA-256"

  var testDescription: String { rawValue }

  var encryption: String {
    switch self {
    case .pkcs1: "-pkeyopt rsa_padding_mode:pkcs1"
    case .oaepSHA1: "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1"
    case .oaepSHA256: "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256"
    }
  }

  var decryption: String {
    switch self {
    case .pkcs1: "--mechanism RSA-PKCS"
    case .oaepSHA1: "--mechanism RSA-PKCS-OAEP --hash-algorithm SHA-1 --mgf MGF1-SHA1"
    case .oaepSHA256: "--mechanism RSA-PKCS-OAEP --hash-algorithm SHA256 --mgf MGF1-SHA256"
    }
  }
}

/// OpenSC marks only the signature key for decryption, since its certificate has no EKU; the CNS
/// key it marks for unwrapping, and decrypts with it all the same.
@Suite("Decryption through PKCS#11", .runsInAWorld(.opensc, .openssl))
struct DecryptionTests {
  @Test(
    "gives back what openssl encrypted", arguments: TestKey.allCases, EncryptionPadding.allCases)
  func decrypt(key: TestKey, padding: EncryptionPadding) async throws {
    let token = try await TestToken()
    try token.folder.write("for the holder only\n", to: "text")
    try await token.succeed(
      """
      pkcs15-tool --read-public-key \(key.id) -o public.pem
      openssl pkeyutl -encrypt -pubin -inkey public.pem \(padding.encryption) -in text -out secret
      \(key.pkcs11Tool) --id \(key.id) --decrypt \(padding.decryption) \
        --input-file secret --output-file clear
      """)
    #expect(try token.folder.text(of: "clear") == "for the holder only\n")
  }
}
