import Authority
import Cryptography
import Foundation
import ISO7816
import Issuance
import Terminal

/// VERIFY, MANAGE SECURITY ENVIRONMENT, PSO: a signature that fits the certificate on the card.
struct Sign: Step {
  static let keyword = "sign"
  static let summary = "sign a text and check the signature against the certificate on the card"
  static let keys: [Key] = [
    .optional("key", .choice(of: KeyName.self), "signature (default) or cns"),
    .optional("text", .text, "what to sign"),
    .optional("pin", .text, "the PIN to present; the one the holder knows"),
    .optional("verify", .choice(of: YesNo.self), "no: without presenting the PIN first; yes"),
    .optional(
      "format", .choice(of: Format.self),
      "pkcs1: the card pads (default); raw: the host does; cades: a signed message, CAdES-BES"),
    .expect,
  ]
  let key: KeyName
  let text: String
  let pin: String?
  let verifiesFirst: Bool
  let format: Format
  let expect: StatusPattern

  /// Written as YAML writes truth.
  enum YesNo: String, CaseIterable {
    case yes
    case no
  }

  /// What is signed, and who pads.
  enum Format: String, CaseIterable {
    case pkcs1
    case raw
    case cades
  }

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .signature
    text = fields.text("text") ?? "softdna"
    pin = fields.text("pin")
    verifiesFirst = fields.choice("verify", YesNo.self) != .no
    format = fields.choice("format") ?? .pkcs1
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String {
    let what =
      switch format {
      case .pkcs1: "sign"
      case .raw: "sign a block the host padded"
      case .cades: "sign a message (CAdES)"
      }
    return "\(what) with the \(key.rawValue) key → \(expect)"
  }

  func run(in world: World) throws(StepFailure) {
    let certificate = try world.certificateOnCard(key)
    guard format == .cades else {
      _ = try signature(over: Array(text.utf8), certificate, in: world)
      return
    }
    let now = Int(world.clock.now.timeIntervalSince1970)
    do {
      let chain = world.counter.authority.chain
      let message = try SignedMessage(
        Array(text.utf8), signer: certificate, authorities: chain.dropFirst(), at: now)
      guard let signature = try signature(over: message.toBeSigned, certificate, in: world) else {
        return
      }
      let path = try CertificatePath(chain)
      let refusal = try path.refusal(
        ofMessage: message.assemble(signature: signature), isCAdES: true, at: now)
      if let refusal { throw StepFailure("the signed message does not verify: \(refusal)") }
    } catch let failure as StepFailure {
      throw failure
    } catch {
      throw StepFailure("\(error)")
    }
  }

  /// A signature that fits the certificate, or nil where the card refused as the scenario says.
  private func signature(
    over content: [UInt8], _ certificate: borrowing X509Certificate, in world: World
  ) throws(StepFailure) -> [UInt8]? {
    let session = try world.card()
    let code = try world.code(.pin(key), or: pin)
    var block = Digest.sha256Info(content)
    if format == .raw { block = Self.padded(block, to: certificate.modulusLength) }
    let signature: [UInt8]
    do throws(CardError) {
      try session.select(key.slot.keyDirectory)
      if verifiesFirst { try session.verify(key.slot.pin, code) }
      signature = try session.signBlock(block, key: key.slot.key)
    } catch {
      guard let status = error.status, expect != .success else { throw StepFailure("\(error)") }
      try expect.check(status)
      return nil
    }
    try expect.check(.success)
    guard certificate.verifies(signature, over: content) else {
      throw StepFailure("the signature does not fit the certificate on the card")
    }
    return signature
  }

  /// EMSA-PKCS1-v1_5 (RFC 8017, 9.2).
  private static func padded(_ info: [UInt8], to length: Int) -> [UInt8] {
    [0x00, 0x01] + [UInt8](repeating: 0xFF, count: length - info.count - 3) + [0x00] + info
  }
}

/// Log-in with the CNS key: a fresh challenge, signed, judged as a portal would.
struct Authenticate: Step {
  static let keyword = "authenticate"
  static let summary = "log in: a challenge signed with the CNS key, certificate and CA verified"
  static let keys: [Key] = [
    .optional("pin", .text, "the PIN to present; the one the holder knows"),
    .optional("refused", .choice(of: Refusal.self), "the portal must not let the holder in"),
    .expect,
  ]
  let pin: String?
  let refusal: Refusal?
  let expect: StatusPattern

  /// Why a portal does not let a holder in.
  enum Refusal: String, CaseIterable {
    case expired
    case otherKey = "other-key"
  }

  init(_ fields: Fields) {
    pin = fields.text("pin")
    refusal = fields.choice("refused")
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String {
    refusal.map { "a portal refuses the log-in: \($0.rawValue)" }
      ?? "log in to a portal → \(expect)"
  }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let code = try world.code(.pin(.cns), or: pin)
    let slot = KeyName.cns.slot
    let challenge = world.randomBytes(32)
    let signature: [UInt8]
    do throws(CardError) {
      try session.select(slot.keyDirectory)
      try session.verify(slot.pin, code)
      signature = try session.signBlock(Digest.sha256Info(challenge), key: slot.key)
    } catch {
      guard let status = error.status, expect != .success else { throw StepFailure("\(error)") }
      return try expect.check(status)
    }
    try expect.check(.success)
    let certificate = try world.certificateOnCard(.cns)
    let fits = certificate.verifies(signature, over: challenge)
    guard refusal != .otherKey else {
      if fits { throw StepFailure("the answer fits the certificate, another key was expected") }
      return
    }
    guard fits else {
      throw StepFailure("the answer to the challenge does not fit the certificate on the card")
    }
    let reason: String?
    do throws(CryptoError) {
      reason = try CertificatePath(world.counter.authority.chain).refusal(
        of: certificate, at: Int(world.clock.now.timeIntervalSince1970))
    } catch {
      throw StepFailure("\(error)")
    }
    switch (refusal, reason) {
    case (nil, nil): break
    case (nil, let reason?): throw StepFailure("a portal refuses the certificate: \(reason)")
    case (.otherKey, _): break
    case (.expired, let reason):
      guard reason == "certificate has expired" else {
        throw StepFailure("expected an expired certificate; a portal says: \(reason ?? "welcome")")
      }
    }
  }
}

/// PSO: DECIPHER of what somebody encrypted to the certificate.
struct Decipher: Step {
  static let keyword = "decipher"
  static let summary = "encrypt a text to the certificate on the card, have the card decipher it"
  static let keys: [Key] = [
    .key, .optional("text", .text, "what to encrypt"),
    .optional("pin", .text, "the PIN to present; the one the holder knows"),
    .optional("verify", .choice(of: Sign.YesNo.self), "no: without presenting the PIN first; yes"),
    .expect,
  ]
  let key: KeyName
  let text: String
  let pin: String?
  let verifiesFirst: Bool
  let expect: StatusPattern

  init(_ fields: Fields) throws(ScenarioError) {
    key = fields.choice("key") ?? .cns
    text = fields.text("text") ?? "softdna"
    guard text.utf8.count <= 200 else {
      throw fields.wrong("text", "text is at most 200 bytes, not \(text.utf8.count)")
    }
    pin = fields.text("pin")
    verifiesFirst = fields.choice("verify", Sign.YesNo.self) != .no
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String { "decipher with the \(key.rawValue) key → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let code = try world.code(.pin(key), or: pin)
    let certificate = try world.certificateOnCard(key)
    let plain = padded(to: certificate.modulusLength, world)
    let cipher: [UInt8]
    do throws(CryptoError) { cipher = try certificate.applyPublicKey(to: plain) } catch {
      throw StepFailure("\(error)")
    }
    try world.select(key.slot.keyDirectory)
    if verifiesFirst {
      let answer = try world.send(ins: 0x20, p2: key.slot.pin, data: CardSession.padded(code))
      guard answer.status == .success else { return try expect.check(answer.status) }
    }
    _ = try world.send(ins: 0x22, p1: 0xF3, p2: 0x03)
    _ = try world.send(ins: 0x22, p1: 0xF1, p2: 0xB8, data: [0x83, 0x01, key.slot.key])
    let answer = try world.send(ins: 0x2A, p1: 0x80, p2: 0x86, data: [0x00] + cipher, ne: 256)
    try expect.check(answer.status)
    guard answer.status == .success, answer.data != plain else { return }
    throw StepFailure("the card deciphered something else than was encrypted")
  }

  /// EME-PKCS1-v1_5 (RFC 8017, 7.2.1), its random bytes from the scenario's seed.
  private func padded(to length: Int, _ world: World) -> [UInt8] {
    let message = Array(text.utf8)
    let random = world.randomBytes(length - message.count - 3).map { $0 == 0 ? 1 : $0 }
    return [0x00, 0x02] + random + [0x00] + message
  }
}
