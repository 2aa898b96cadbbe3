import CCrypto
import Cryptography
import Foundation
import Synchronization
import Testing

@testable import Authority

/// A state directory that goes with the test.
final class Workplace: Sendable {
  let path = NSTemporaryDirectory() + "softdna-authority-" + UUID().uuidString

  init() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }
  deinit { try? FileManager.default.removeItem(atPath: path) }

  func file(_ name: String) -> String { path + "/" + name }

  func write(_ bytes: [UInt8], _ name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: file(name)))
    return file(name)
  }

  /// The authority in this directory.
  func authority(
    seed: UInt64? = 1, at clock: AuthorityClock = .fixed(Fixture.issueDay)
  ) throws -> Authority {
    try Authority(directory: path, settings: .init(seed: seed), clock: clock)
  }
}

/// What the tests share.
enum Fixture {
  static let issueDay = Day(number: 20_500)  // 2026-02-16

  private static let cardKeys = Mutex<[String: CardKey]>([:])

  /// The key that a card would make for a label; made once, for making one takes a while.
  static func cardKey(_ label: String) throws -> CardKey {
    try cardKeys.withLock { keys in
      let key = try keys[label] ?? CardKey(label)
      keys[label] = key
      return key
    }
  }

  /// A device with both certificates in it.
  static func issue(
    _ authority: Authority, keys prefix: String = "first", chip: Chip = .current,
    kind: DeviceKind = .token, chamber: String? = nil
  ) throws -> Device {
    let placed = try order(authority, chip: chip, kind: kind, chamber: chamber)
    try certify(placed.enrolment, authority, keys: prefix)
    return try authority.activate(placed.enrolment)
  }

  /// A device that is ordered: its scratch card is told now or never.
  static func order(
    _ authority: Authority, chip: Chip = .current, kind: DeviceKind = .token,
    chamber: String? = nil
  ) throws -> Personalisation {
    let holder = try authority.register(.fictitious)
    return try authority.order(
      DeviceOrder(holderID: holder.id, chip: chip, kind: kind, chamber: chamber))
  }

  @discardableResult
  static func certify(
    _ enrolment: Enrolment, _ authority: Authority, keys prefix: String
  ) throws -> [IssuedCertificate] {
    try CertificatePurpose.allCases.map { purpose in
      let key = try cardKey("\(prefix) \(purpose.rawValue)")
      let request = try authority.certificationRequest(
        for: enrolment, purpose: purpose, publicKey: key.publicKey)
      return try authority.certify(
        enrolment, purpose: purpose,
        request: request.assemble(signature: try key.sign(request.toBeSigned)))
    }
  }
}

/// An RSA key that signs as a card does: PKCS #1 v1.5 over bytes padded by its user.
struct CardKey: Sendable {
  let publicKey: PublicKey
  /// PKCS #8.
  let pem: [UInt8]

  init(_ label: String) throws {
    let key = try PrivateKey.make(rsaBits: 2048, random: .seeded(99), label: label)
    pem = try key.pem()
    let parsed = try Libcrypto.parse(try key.subjectPublicKeyInfo(), "test", EVP_PKEY_free) {
      d2i_PUBKEY(nil, $0, $1)
    }
    func number(_ name: String) throws -> [UInt8] {
      var value: OpaquePointer?
      try Libcrypto.check(EVP_PKEY_get_bn_param(parsed.pointer, name, &value), "test")
      defer { BN_free(value) }
      var bytes = [UInt8](repeating: 0, count: Int(BN_num_bits(value) + 7) / 8)
      BN_bn2bin(value, &bytes)
      return bytes
    }
    publicKey = .rsa(
      modulus: try number(OSSL_PKEY_PARAM_RSA_N), exponent: try number(OSSL_PKEY_PARAM_RSA_E))
  }

  func sign(_ message: [UInt8]) throws -> [UInt8] {
    let bio = try PEM.bio(holding: pem, BIO_s_secmem(), "test")
    let key = try Owned(
      PEM_read_bio_PrivateKey(bio.pointer, nil, nil, nil), EVP_PKEY_free, attempting: "test")
    let context = try Owned(
      EVP_PKEY_CTX_new(key.pointer, nil), EVP_PKEY_CTX_free, attempting: "test")
    let digestInfo = Digest.sha256Info(message)
    try Libcrypto.check(EVP_PKEY_sign_init(context.pointer), "test")
    try Libcrypto.check(
      EVP_PKEY_CTX_set_rsa_padding(context.pointer, RSA_PKCS1_PADDING), "test")
    var signature = [UInt8](repeating: 0, count: 256)
    var count = signature.count
    try Libcrypto.check(
      EVP_PKEY_sign(context.pointer, &signature, &count, digestInfo, digestInfo.count), "test")
    return signature
  }
}

/// An outside oracle: the `openssl` command.
func openssl(_ arguments: String...) throws -> (status: Int32, output: String) {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = ["openssl"] + arguments
  let pipe = Pipe()
  process.standardOutput = pipe
  process.standardError = pipe
  try process.run()
  let output = String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  return (process.terminationStatus, output)
}

/// The rule an operation broke; nil where it succeeded.
func rule(_ body: () throws -> Void) -> AuthorityError.Rule? {
  do {
    try body()
    return nil
  } catch let error as AuthorityError {
    return error.rule
  } catch {
    Issue.record(error)
    return nil
  }
}
