import CCrypto

/// Message digests by libcrypto.
public enum Digest {
  /// SHA-256 (FIPS 180-4), 32 bytes.
  public static func sha256(_ message: [UInt8]) -> [UInt8] { digest(message, EVP_sha256()) }

  /// SHA-1 (FIPS 180-4), 20 bytes; only where a profile asks for it.
  public static func sha1(_ message: [UInt8]) -> [UInt8] { digest(message, EVP_sha1()) }

  /// DigestInfo of a SHA-256 digest in DER (RFC 8017, 9.2), 51 bytes.
  public static func sha256Info(_ message: [UInt8]) -> [UInt8] {
    let prefix: [UInt8] = [
      0x30, 0x31, 0x30, 0x0D, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01,
      0x05, 0x00, 0x04, 0x20,
    ]
    return prefix + sha256(message)
  }

  private static func digest(_ message: [UInt8], _ algorithm: OpaquePointer?) -> [UInt8] {
    var value = [UInt8](repeating: 0, count: Int(EVP_MAX_MD_SIZE))
    var length: UInt32 = 0
    precondition(
      EVP_Digest(message, message.count, &value, &length, algorithm, nil) == 1,
      "libcrypto has no SHA")
    return Array(value.prefix(Int(length)))
  }
}
