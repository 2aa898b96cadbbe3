import Foundation
import GRDB
import Testing

@testable import Authority

@Suite("OCSP")
struct OCSPTests {
  @Test("a delegated responder answers, repeats the nonce, and knows no foreign serial number")
  func answers() async throws {
    try await OnlineAuthority.run(from: Fixture.issueDay) { online in
      let authority = online.authority
      let device = try Fixture.issue(authority)
      let certificate = try #require(try authority.certificates(of: device).first)
      let issuer = online.workplace.file("ca/\(certificate.issuer).pem")
      let root = online.workplace.file("ca/root.pem")
      let url = authority.baseURL + "/ocsp"
      let asked = try await online.openssl(
        "ocsp", "-issuer", issuer, "-serial", "0x" + certificate.serialNumber, "-sha256",
        "-issuer", issuer, "-serial", "0x4011", "-url", url, "-CAfile", root, "-text")
      for part in [
        "0x\(certificate.serialNumber): good", "0x4011: unknown", "Response verify OK",
        "OCSP Nonce", "Hash Algorithm: sha256", "OCSP Signing", "OCSP No Check",
        "softdna TEST OCSP Responder a-cns", "Next Update",
      ] {
        #expect(asked.output.contains(part), "\(part) in \(asked.output)")
      }
      #expect(!asked.output.contains("WARNING"))
      // Of another provider's CA nothing was ever made here: nobody to ask.
      let stranger = try Workplace()
      _ = try Authority(
        directory: stranger.path, settings: .init(seed: 3), clock: .fixed(Fixture.issueDay))
      let foreign = try await online.openssl(
        "ocsp", "-issuer", stranger.file("ca/a-cns.pem"), "-serial", "0x1", "-url", url)
      #expect(foreign.output.contains("unauthorized"), "\(foreign.output)")
      // By GET, as RFC 6960, A.1 has it.
      let request = online.workplace.file("request.der")
      _ = try await online.openssl(
        "ocsp", "-issuer", issuer, "-serial", "0x" + certificate.serialNumber, "-no_nonce",
        "-reqout", request)
      let encoded = try Data(contentsOf: URL(fileURLWithPath: request)).base64EncodedString()
        .addingPercentEncoding(withAllowedCharacters: .alphanumerics)
      let response = try await online.download("/ocsp/\(try #require(encoded))", to: "response.der")
      let read = try await online.openssl(
        "ocsp", "-respin", response, "-issuer", issuer, "-serial",
        "0x" + certificate.serialNumber, "-CAfile", root)
      #expect(read.output.contains(": good"), "\(read.output)")
    }
  }

  @Test("what is no request is malformed; the responder changes before its month is over")
  func responder() throws {
    let workplace = try Workplace()
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try workplace.authority(at: .moved(by: clock))
    for bytes in [[], [0x30], [UInt8](repeating: 0x41, count: 100)] as [[UInt8]] {
      #expect(try authority.ocspResponse(to: bytes) == [0x30, 0x03, 0x0A, 0x01, 0x01])
    }
    let device = try Fixture.issue(authority)
    let certificate = try #require(try authority.certificates(of: device).first)
    let request = workplace.file("request.der")
    _ = try openssl(
      "ocsp", "-issuer", workplace.file("ca/\(certificate.issuer).pem"), "-serial",
      "0x" + certificate.serialNumber, "-reqout", request)
    let asked = [UInt8](try Data(contentsOf: URL(fileURLWithPath: request)))
    func responder() throws -> Data {
      let answer = workplace.file("answer.der")
      try Data(try authority.ocspResponse(to: asked)).write(to: URL(fileURLWithPath: answer))
      let printed = try openssl("ocsp", "-respin", answer, "-noverify", "-text").output
      let pem = try #require(
        printed.firstMatch(of: /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/))
      return Data(pem.0.utf8)
    }
    let first = try responder()
    #expect(try responder() == first)
    clock.advance(days: 29)
    #expect(try responder() == first)
    clock.advance(days: 1)
    #expect(try responder() != first)
  }

  @Test("a server answers about CAs that another process has made since it began")
  func otherProcess() async throws {
    let day = try #require(Day("2020-01-01"))
    try await OnlineAuthority.run(from: day) { online in
      let other = try Authority(directory: online.workplace.path, clock: .moved(by: online.clock))
      try other.adopt(try Chambers.policy("lecce", before: .arubaLike))
      let device = try Fixture.issue(other, chamber: "lecce")
      for certificate in try other.certificates(of: device) {
        #expect(["b-cns", "b-qualified"].contains(certificate.issuer))
        // OCSP first: nothing else has told the server.
        let file = try online.workplace.write(PEM.certificate(certificate.der), "subject.pem")
        let asked = try await online.openssl(
          "ocsp", "-issuer", online.workplace.file("ca/\(certificate.issuer).pem"), "-cert", file,
          "-url", online.authority.baseURL + "/ocsp", "-CAfile", other.chainFile)
        #expect(asked.output.contains("\(file): good"), "\(asked.output)")
        #expect(try await online.verdict(on: certificate) == .good)
      }
      let none = try await command([
        "curl", "-s", "-o", "/dev/null", "-w", "%{http_code}",
        online.authority.baseURL + "/crl/c-cns.crl",
      ])
      #expect(none.output == "404")
    }
  }
}
