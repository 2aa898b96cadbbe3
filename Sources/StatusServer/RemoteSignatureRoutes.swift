import Authority
import Foundation
import Hummingbird

/// Remote signatures in the shape of the Cloud Signature Consortium's API, version 2: one signature
/// for each authorisation with a one-time password.
struct RemoteSignatureRoutes {
  private static let sha256 = "2.16.840.1.101.3.4.2.1"
  private static let algorithms = ["1.2.840.113549.1.1.1", "1.2.840.113549.1.1.11"]
  private let authority: Authority

  init(_ authority: Authority) { self.authority = authority }

  func add(to router: Router<BasicRequestContext>) {
    let api = router.group("/csc/v2")
    api.post("/info") { request, _ in try await reply(to: request) { _, _ in information } }
    api.post("/credentials/list") { request, _ in
      try await reply(to: request) { token, _ in
        let credentials = try authority.remoteCredentials(accessToken: token)
        return .object(["credentialIDs": .list(credentials.map { .text($0.id) })])
      }
    }
    api.post("/credentials/info") { request, _ in
      try await reply(to: request) { token, question in
        try describe(
          try authority.remoteCredential(try question.required("credentialID"), accessToken: token))
      }
    }
    // Version 1 calls it so; version 2 leaves how a password is asked for to the service.
    api.post("/credentials/sendOTP") { request, _ in
      try await reply(to: request) { token, question in
        try authority.sendOneTimePassword(
          credentialID: try question.required("credentialID"), accessToken: token)
        return .object([:])
      }
    }
    api.post("/credentials/authorize") { request, _ in
      try await reply(to: request) { token, question in try authorise(token, question) }
    }
    api.post("/signatures/signHash") { request, _ in
      try await reply(to: request) { token, question in try sign(token, question) }
    }
  }

  private var information: JSONValue {
    .object([
      "specs": .text("2.0.0.0"), "name": .text("softdna TEST remote signature"),
      "region": .text("IT"), "lang": .text("en"), "authType": .list([.text("external")]),
      "description": .text("TEST - one signature for each one-time password"),
      "methods": .list(
        [
          "info", "credentials/list", "credentials/info", "credentials/sendOTP",
          "credentials/authorize", "signatures/signHash",
        ].map { .text($0) }),
    ])
  }

  private func describe(_ credential: RemoteCredential) throws -> JSONValue {
    func time(_ date: Date) -> JSONValue {
      // GeneralizedTime, as the API wants it.
      let formatter = DateFormatter()
      formatter.locale = Locale(identifier: "en_US_POSIX")
      formatter.timeZone = TimeZone(secondsFromGMT: 0)
      formatter.dateFormat = "yyyyMMddHHmmss'Z'"
      return .text(formatter.string(from: date))
    }
    let isInTime = (credential.notBefore...credential.notAfter).contains(authority.clock.now)
    let status: String
    switch credential.revocation?.reason {
    case nil: status = isInTime ? "valid" : "expired"
    case .certificateHold: status = "suspended"
    default: status = "revoked"
    }
    return .object([
      "key": .object([
        "status": .text(status == "valid" ? "enabled" : "disabled"),
        "algo": .list(Self.algorithms.map { .text($0) }),
        "len": .number(2048),
      ]),
      "cert": .object([
        "status": .text(status),
        "certificates": .list(credential.chain.map { .text(Data($0).base64EncodedString()) }),
        "subjectDN": .text(credential.subject), "issuerDN": .text(credential.issuer),
        "serialNumber": .text(credential.serialNumber), "validFrom": time(credential.notBefore),
        "validTo": time(credential.notAfter),
      ]),
      "auth": .object([
        "mode": .text("explicit"), "expression": .text("OTP"),
        "objects": .list([
          .object([
            "type": .text("Password"), "id": .text("OTP"), "format": .text("N"),
            "label": .text("One-time password"), "description": .text("in the holder's mail"),
          ])
        ]),
      ]),
      "SCAL": .text("2"), "multisign": .number(1),
    ])
  }

  private func authorise(_ token: String, _ question: Question) throws -> JSONValue {
    guard (question.body["numSignatures"] as? Int ?? 1) == 1 else {
      throw Refusal(.badRequest, "invalid_request", "numSignatures: one signature at a time")
    }
    let activation = try authority.authorise(
      credentialID: try question.required("credentialID"), accessToken: token,
      hash: try question.hash(Self.sha256), oneTimePassword: try question.oneTimePassword())
    return .object([
      "SAD": .text(activation), "expiresIn": .number(Authority.authorisationSeconds),
    ])
  }

  private func sign(_ token: String, _ question: Question) throws -> JSONValue {
    guard Self.algorithms.contains(try question.required("signAlgo")) else {
      throw Refusal(.badRequest, "invalid_request", "signAlgo: RSA, or SHA-256 with RSA")
    }
    let signature = try authority.signRemotely(
      credentialID: try question.required("credentialID"), accessToken: token,
      activation: try question.required("SAD"), hash: try question.hash(Self.sha256))
    return .object(["signatures": .list([.text(Data(signature).base64EncodedString())])])
  }

  private func reply(
    to request: Request, _ body: (String, Question) throws -> JSONValue
  ) async throws -> Response {
    do {
      let question = try Question(try await request.bytes())
      let header = request.headers[.authorization] ?? ""
      let scheme = "Bearer "
      let token = header.hasPrefix(scheme) ? String(header.dropFirst(scheme.count)) : ""
      return try Response(Array(body(token, question).encoded()), type: "application/json")
    } catch let error as AuthorityError {
      return try Refusal(error, at: authority.clock.now).response()
    } catch let refusal as Refusal {
      return try refusal.response()
    }
  }
}
