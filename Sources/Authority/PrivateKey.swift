import CCrypto
import Cryptography
import Synchronization

/// The authority's own RSA private key.
///
/// Unchecked: libcrypto counts references to a key and signing only reads it, so threads may share
/// one; nothing here changes a key after it was made.
final class PrivateKey: @unchecked Sendable {
  private let owner: RSAKey
  private var key: OpaquePointer { owner.handle }

  private init(_ owner: consuming RSAKey) { self.owner = owner }

  /// Keys that were derived from a seed in this process: a derivation takes a tenth of a second
  /// and more, always gives the same, and many test authorities share a seed.
  private static let derived = Mutex<[String: PrivateKey]>([:])

  /// A new RSA key: derived from the seed where `random` has one, else from libcrypto's generator.
  static func make(
    rsaBits bits: Int, random: RandomSource, label: String
  ) throws(AuthorityError) -> PrivateKey {
    let name = random.seed.map { "\($0) \(bits) \(label)" }
    if let name, let known = derived.withLock({ $0[name] }) { return known }
    var stream = random.stream(label)
    let key = PrivateKey(
      try Libcrypto.run { () throws(CryptoError) in
        try RSAKey.generate(bits: bits, from: &stream)
      })
    if let name { derived.withLock { $0[name] = key } }
    return key
  }

  /// A key from its PEM text (PKCS #8, RFC 5958).
  init(pem: [UInt8]) throws(AuthorityError) {
    let attempted = "reading a private key"
    let bio = try PEM.bio(holding: pem, BIO_s_secmem(), attempted)
    guard let key = PEM_read_bio_PrivateKey(bio.pointer, nil, nil, nil) else {
      throw .libcrypto(attempted)
    }
    owner = RSAKey(owning: key)
  }

  /// The key's public half (SubjectPublicKeyInfo, RFC 5280, 4.1).
  func subjectPublicKeyInfo() throws(AuthorityError) -> [UInt8] {
    try Libcrypto.der("encoding a public key") { i2d_PUBKEY(key, $0) }
  }

  /// The key as PEM (PKCS #8, unencrypted): what goes into a file with mode 0600.
  func pem() throws(AuthorityError) -> [UInt8] {
    let attempted = "writing a private key"
    let bio = try Owned(BIO_new(BIO_s_secmem()), freeBIO, attempting: attempted)
    try Libcrypto.check(
      PEM_write_bio_PKCS8PrivateKey(bio.pointer, key, nil, nil, 0, nil, nil), attempted)
    return PEM.contents(of: bio)
  }

  /// Whether `certificate` carries this key's public half.
  func matches(certificate: OpaquePointer) -> Bool { X509_check_private_key(certificate, key) == 1 }

  /// Signs the certificate with sha256WithRSAEncryption (RFC 8017, 8.2).
  func sign(certificate: OpaquePointer) throws(AuthorityError) {
    try Libcrypto.check(X509_sign(certificate, key, EVP_sha256()), "signing a certificate")
  }

  /// The signature over `message` with sha256WithRSAEncryption (RFC 8017, 8.2).
  func sign(_ message: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let attempted = "signing"
    let context = try Owned(EVP_MD_CTX_new(), EVP_MD_CTX_free, attempting: attempted)
    var count = owner.modulusLength
    var signature = [UInt8](repeating: 0, count: count)
    try Libcrypto.check(
      EVP_DigestSignInit(context.pointer, nil, EVP_sha256(), nil, key), attempted)
    try Libcrypto.check(
      EVP_DigestSign(context.pointer, &signature, &count, message, message.count), attempted)
    return Array(signature.prefix(count))
  }

  /// The signature over a DigestInfo that somebody else made (RFC 8017, 8.2, without the hash).
  func sign(digestInfo: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let attempted = "signing a digest"
    let context = try Owned(EVP_PKEY_CTX_new(key, nil), EVP_PKEY_CTX_free, attempting: attempted)
    try Libcrypto.check(EVP_PKEY_sign_init(context.pointer), attempted)
    try Libcrypto.check(
      EVP_PKEY_CTX_set_rsa_padding(context.pointer, RSA_PKCS1_PADDING), attempted)
    var count = owner.modulusLength
    var signature = [UInt8](repeating: 0, count: count)
    try Libcrypto.check(
      EVP_PKEY_sign(context.pointer, &signature, &count, digestInfo, digestInfo.count), attempted)
    return Array(signature.prefix(count))
  }
}

/// `BIO_free` returns a value; an owner's free function does not.
let freeBIO: @convention(c) (OpaquePointer?) -> Void = { BIO_free_all($0) }

/// The text armour of keys and certificates (RFC 7468).
enum PEM {
  /// A memory BIO with a copy of `bytes`: BIO_new_mem_buf would keep a pointer to an array that
  /// Swift may free before the BIO is read.
  static func bio(
    holding bytes: [UInt8], _ method: OpaquePointer?, _ attempted: String
  ) throws(AuthorityError) -> Owned {
    let bio = try Owned(BIO_new(method), freeBIO, attempting: attempted)
    try Libcrypto.check(BIO_write(bio.pointer, bytes, Int32(bytes.count)), attempted)
    return bio
  }

  /// What was written into a memory BIO.
  static func contents(of bio: borrowing Owned) -> [UInt8] {
    var data: UnsafeMutableRawPointer?
    // BIO_get_mem_data is a macro over this call.
    let count = BIO_ctrl(bio.pointer, BIO_CTRL_INFO, 0, &data)
    guard count > 0, let data else { return [] }
    return [UInt8](UnsafeRawBufferPointer(start: data, count: count))
  }

  /// A certificate's DER as PEM.
  static func certificate(_ der: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let certificate = try Certificate.parse(der)
    let attempted = "writing a certificate"
    let bio = try Owned(BIO_new(BIO_s_mem()), freeBIO, attempting: attempted)
    try Libcrypto.check(PEM_write_bio_X509(bio.pointer, certificate.pointer), attempted)
    return contents(of: bio)
  }

  /// The DER of the first certificate in a PEM text.
  static func der(ofCertificate pem: [UInt8]) throws(AuthorityError) -> [UInt8] {
    let attempted = "reading a certificate"
    let bio = try bio(holding: pem, BIO_s_mem(), attempted)
    let certificate = try Owned(
      PEM_read_bio_X509(bio.pointer, nil, nil, nil), X509_free, attempting: attempted)
    return try Libcrypto.der(attempted) { i2d_X509(certificate.pointer, $0) }
  }
}
