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
    router.get("/pds/:file") { _, context in
      try disclosure(context.parameters.require("file"))
    }
    // RFC 6960, A.1: small requests by GET, their base64 in the path.
    router.get("/ocsp/**") { request, _ in try answer(inPath: request.uri.path) }
    router.post("/ocsp") { request, _ in try answer(try await request.bytes()) }
  }

  private func list(_ file: String) throws -> Response {
    let name = try name(file, "crl")
    let suffix = "-delta"
    let der = try answering { () throws(AuthorityError) in
      name.hasSuffix(suffix)
        ? try authority.deltaRevocationList(of: String(name.dropLast(suffix.count))).der
        : try authority.revocationList(of: name).der
    }
    return Response(der, type: "application/pkix-crl")
  }

  /// caIssuers (RFC 5280, 4.2.2.1): one certificate in DER.
  private func certificate(_ file: String) throws -> Response {
    let name = try name(file, "cer")
    let der = try answering { () throws(AuthorityError) in
      try authority.certificate(ofIssuer: name)
    }
    return Response(der, type: "application/pkix-cert")
  }

  /// PKI disclosure statement, as QcPDS names it (ETSI EN 319 412-5, 4.3.4).
  private func disclosure(_ file: String) throws -> Response {
    guard let statement = DisclosureStatement(rawValue: try name(file, "pdf")) else {
      throw HTTPError(.notFound)
    }
    return Response(statement.pdf, type: "application/pdf")
  }

  private func name(_ file: String, _ type: String) throws -> String {
    guard file.hasSuffix("." + type) else { throw HTTPError(.notFound) }
    return String(file.dropLast(type.count + 1))
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
      throw HTTPError(error.rule == .unknown ? .notFound : .internalServerError)
    }
  }
}
