import Authority
import Foundation
import Hummingbird

/// What everybody may ask: lists, CA certificates and OCSP answers.
struct StatusRoutes {
  private let authority: Authority

  init(_ authority: Authority) { self.authority = authority }

  func add(to router: Router<BasicRequestContext>) {
    router.get("/crl/:file") { _, context in try list(context.parameters.require("file")) }
    router.get("/ca/:file") { _, context in try certificate(context.parameters.require("file")) }
    // RFC 6960, A.1: small requests by GET, their base64 in the path.
    router.get("/ocsp/**") { request, _ in try answer(inPath: request.uri.path) }
    router.post("/ocsp") { request, _ in try answer(try await request.bytes()) }
  }

  private func list(_ file: String) throws -> Response {
    let type = "application/pkix-crl"
    guard file.hasSuffix(".crl") else { throw HTTPError(.notFound) }
    let name = String(file.dropLast(4))
    if authority.issuerNames.contains(name) {
      return Response(
        try answering { () throws(AuthorityError) in try authority.revocationList(of: name).der },
        type: type)
    }
    let suffix = "-delta"
    guard name.hasSuffix(suffix),
      authority.issuerNames.contains(String(name.dropLast(suffix.count)))
    else { throw HTTPError(.notFound) }
    let issuer = String(name.dropLast(suffix.count))
    return Response(
      try answering { () throws(AuthorityError) in try authority.deltaRevocationList(of: issuer).der
      }, type: type)
  }

  /// caIssuers (RFC 5280, 4.2.2.1): one certificate in DER.
  private func certificate(_ file: String) throws -> Response {
    let names = authority.issuerNames
    guard file.hasSuffix(".cer"), let index = names.firstIndex(of: String(file.dropLast(4))) else {
      throw HTTPError(.notFound)
    }
    return Response(authority.chain[index], type: "application/pkix-cert")
  }

  private func answer(inPath path: String) throws -> Response {
    let encoded = path.dropFirst("/ocsp/".count)
    guard let text = encoded.removingPercentEncoding, let request = Data(base64Encoded: text) else {
      return try answer([])
    }
    return try answer([UInt8](request))
  }

  private func answer(_ request: [UInt8]) throws -> Response {
    Response(
      try answering { () throws(AuthorityError) in try authority.ocspResponse(to: request) },
      type: "application/ocsp-response")
  }

  /// The authority's failure is the server's; its words stay here.
  private func answering(_ body: () throws(AuthorityError) -> [UInt8]) throws -> [UInt8] {
    do throws(AuthorityError) { return try body() } catch {
      throw HTTPError(.internalServerError)
    }
  }
}
