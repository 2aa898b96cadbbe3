import Authority
import Cryptography
import Foundation
import Issuance

/// The free remote signature of who holds a chip that signs no more.
struct OneShotSign: Step {
  static let keyword = "one-shot-sign"
  static let summary = "sign remotely, once, with the password from the outbox"
  static let keys: [Key] = [
    .optional("text", .text, "what to sign"),
    .optional("password", .text, "a one-time password; the one from the outbox"),
    Refusal.key,
  ]
  let text: String
  let password: String?
  let refusal: Refusal?

  init(_ fields: Fields) {
    text = fields.text("text") ?? "softdna"
    password = fields.text("password")
    refusal = fields.choice("refused")
  }

  var title: String { "a remote one-shot signature" + refusal.words }

  func run(in world: World) throws(StepFailure) {
    let device = try world.issuedDevice()
    guard let userCode = world.scratchCard?.userCode else { throw World.noToken }
    let authority = world.counter.authority
    let message = Array(text.utf8)
    _ = try Refusal.expect(refusal) {
      let enrolled = try authority.enrolRemoteSignature(
        for: device, by: .holder(userCode: userCode))
      let (id, token) = (enrolled.credentialID, enrolled.accessToken)
      try authority.sendOneTimePassword(credentialID: id, accessToken: token)
      let mail = try authority.messages(to: device).last { $0.kind == .oneTimePassword }
      let code = mail?.body.split(separator: "\n")
        .first { $0.hasPrefix("One-time password: ") }?.suffix(6)
      let hash = Digest.sha256(message)
      let activation = try authority.authorise(
        credentialID: id, accessToken: token, hash: hash,
        oneTimePassword: password ?? String(code ?? ""))
      let signature = try authority.signRemotely(
        credentialID: id, accessToken: token, activation: activation, hash: hash)
      let credential = try authority.remoteCredential(id, accessToken: token)
      let certificate = try X509Certificate(der: credential.chain[0])
      guard certificate.verifies(signature, over: message) else {
        throw StepFailure("the remote signature does not fit its certificate")
      }
      let path = try CertificatePath(authority.chain)
      let reason = try path.refusal(
        of: certificate, at: Int(world.clock.now.timeIntervalSince1970))
      if let reason { throw StepFailure("its certificate does not verify: \(reason)") }
      // The authorisation was for one signature.
      do {
        _ = try authority.signRemotely(
          credentialID: id, accessToken: token, activation: activation, hash: hash)
      } catch { return }
      throw StepFailure("one authorisation was good for two signatures")
    }
  }
}
