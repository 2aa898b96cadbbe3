import Authority
import Foundation
import Hummingbird

/// A JSON value that is going out.
indirect enum JSONValue: Encodable {
  case text(String)
  case number(Int)
  case list([JSONValue])
  case object([String: JSONValue])

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch self {
    case .text(let value): try container.encode(value)
    case .number(let value): try container.encode(value)
    case .list(let values): try container.encode(values)
    case .object(let values): try container.encode(values)
    }
  }

  func encoded() throws -> Data {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try encoder.encode(self)
  }
}

/// Why a request was refused, as the API writes it.
struct Refusal: Error {
  private let status: HTTPResponse.Status
  private let error: String
  private let reason: String
  /// Seconds.
  private let retryAfter: Int?

  init(
    _ status: HTTPResponse.Status, _ error: String, _ reason: String, retryAfter: Int? = nil
  ) {
    self.status = status
    self.error = error
    self.reason = reason
    self.retryAfter = retryAfter
  }

  /// - Parameter now: on the authority's clock.
  init(_ error: AuthorityError, at now: Date) {
    switch error.rule {
    case .locked(let day):
      self.init(
        .tooManyRequests, "locked", error.reason,
        retryAfter: max(1, Int(day.start.timeIntervalSince(now).rounded(.up))))
    case .field("accessToken"): self.init(.unauthorized, "invalid_token", error.reason)
    case .field("OTP"): self.init(.badRequest, "invalid_otp", error.reason)
    case .field(let name): self.init(.badRequest, "invalid_request", "\(name): \(error.reason)")
    case .state, .policy, .clock: self.init(.badRequest, "invalid_request", error.reason)
    default: self.init(.internalServerError, "server_error", "the authority could not answer")
    }
  }

  func response() throws -> Response {
    let body = JSONValue.object(["error": .text(error), "error_description": .text(reason)])
    var response = try Response(Array(body.encoded()), type: "application/json")
    response.status = status
    if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
    return response
  }
}

/// The JSON object that came in.
struct Question {
  let body: [String: Any]

  init(_ bytes: [UInt8]) throws {
    guard !bytes.isEmpty else {
      body = [:]
      return
    }
    guard let object = try? JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any] else {
      throw Refusal(.badRequest, "invalid_request", "the body is no JSON object")
    }
    body = object
  }

  func required(_ name: String) throws -> String {
    guard let value = body[name] as? String, !value.isEmpty else {
      throw Refusal(.badRequest, "invalid_request", "\(name) is missing")
    }
    return value
  }

  /// The one hash; version 1 of the API calls the list `hash`.
  func hash(_ algorithm: String) throws -> [UInt8] {
    let algorithms = ["hashAlgorithmOID", "hashAlgo"].compactMap { body[$0] as? String }
    guard algorithms.allSatisfy({ $0 == algorithm }) else {
      throw Refusal(.badRequest, "invalid_request", "hashAlgorithmOID: SHA-256 alone")
    }
    guard let list = (body["hashes"] ?? body["hash"]) as? [String], list.count == 1,
      let hash = Data(base64Encoded: list[0]), hash.count == 32
    else {
      throw Refusal(.badRequest, "invalid_request", "hashes: one SHA-256 digest in base64")
    }
    return [UInt8](hash)
  }

  /// The one-time password in version 2's authData, or version 1's OTP.
  func oneTimePassword() throws -> String {
    let objects = body["authData"] as? [[String: Any]] ?? []
    let found = objects.first { $0["id"] as? String == "OTP" }?["value"] as? String
    guard let password = found ?? body["OTP"] as? String else {
      throw Refusal(.badRequest, "invalid_request", "authData: the object OTP is missing")
    }
    return password
  }
}
