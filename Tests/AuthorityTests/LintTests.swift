import CCrypto
import Cryptography
import Foundation
import Testing

@testable import Authority

/// What zlint and its like look at, of every certificate the authority makes.
@Suite("Certificates stand up to lint")
struct LintTests {
  private func everyCertificate() throws -> [[UInt8]] {
    let authority = try Workplace().authority()
    let device = try Fixture.issue(authority)
    let request = try authority.ocspResponse(to: [])
    #expect(request.count == 5)
    return authority.chain + (try authority.certificates(of: device).map(\.der))
  }

  @Test("serial numbers have 64 bits of entropy and more, at most 20 octets, none is negative")
  func serialNumbers() throws {
    for der in try everyCertificate() {
      let number = try Certificate.serialNumber(of: der)
      #expect((9...20).contains(number.count))
      #expect(number[0] & 0x80 == 0)
      #expect(number.contains { $0 != 0 })
    }
  }

  @Test("key identifiers chain, criticality is RFC 5280's, no extension comes twice")
  func extensions() throws {
    let all = try everyCertificate()
    let identifiers = try all.map { der in
      let certificate = try Certificate.parse(der)
      return Certificate.bytes(of: X509_get0_subject_key_id(certificate.pointer))
    }
    // Root; CNS CA, qualified CA; their certificates.
    let issuers = [0, 0, 0, 1, 2]
    for (index, der) in all.enumerated() {
      let certificate = try Certificate.parse(der)
      #expect(identifiers[index].count == 20)
      #expect(
        Certificate.bytes(of: X509_get0_authority_key_id(certificate.pointer))
          == identifiers[issuers[index]])
      let parsed = try Parsed(der)
      #expect(Int(X509_get_ext_count(certificate.pointer)) == parsed.extensions.count)
      for (name, critical) in parsed.extensions {
        // keyUsage and a CA's basicConstraints are critical, the rest is not.
        #expect(critical == ["2.5.29.15", "2.5.29.19"].contains(name), "\(name)")
      }
      #expect((parsed.extensions["2.5.29.19"] != nil) == (index < 3))
      #expect(parsed.subject.contains { $0.contains("TEST") })
    }
  }

  @Test("versions, algorithms, times and names are what RFC 5280 asks for")
  func fields() throws {
    for der in try everyCertificate() {
      let certificate = try Certificate.parse(der)
      let pointer = certificate.pointer
      #expect(X509_get_version(pointer) == 2)
      #expect(X509_get_signature_nid(pointer) == NID_sha256WithRSAEncryption)
      #expect(EVP_PKEY_get_bits(X509_get0_pubkey(pointer)) == 2048)
      // UTCTime through 2049.
      #expect(ASN1_STRING_type(X509_get0_notBefore(pointer)) == V_ASN1_UTCTIME)
      #expect(ASN1_STRING_type(X509_get0_notAfter(pointer)) == V_ASN1_UTCTIME)
      #expect(X509_NAME_entry_count(X509_get_issuer_name(pointer)) > 0)
      let subject = X509_get_subject_name(pointer)
      for index in 0..<X509_NAME_entry_count(subject) {
        let value = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, index))
        #expect([V_ASN1_UTF8STRING, V_ASN1_PRINTABLESTRING].contains(ASN1_STRING_type(value)))
        #expect((1...64).contains(ASN1_STRING_length(value)))
      }
    }
  }

  @Test("DER times change their form with the year 2050")
  func times() throws {
    let day = try #require(Day("2049-12-31"))
    #expect(DER.time(day.start) == [0x17, 13] + Array("491231000000Z".utf8))
    #expect(DER.time(day.adding(days: 1).start) == [0x18, 15] + Array("20500101000000Z".utf8))
    #expect(
      DER.generalizedTime(day.start + 86_399) == [0x18, 15] + Array("20491231235959Z".utf8))
  }

  @Test("a small benchmark runs")
  func benchmark() throws {
    let workplace = try Workplace()
    let result = try StatusBenchmark.run(
      directory: workplace.file("benchmark"), devices: 20, entries: 2000, answers: 20)
    #expect(result.devices == 20)
    #expect(result.listBytes > 2000 * 40)
    let authority = try Authority(
      directory: workplace.file("benchmark"), clock: .fixed(Day(number: 20_500)))
    let devices = try authority.devices()
    #expect(devices.count == 20)
    #expect(try devices.allSatisfy { try authority.status(of: $0) == .suspended })
    let list = try workplace.write(try authority.revocationList(of: "a-cns").der, "list.crl")
    let text = try openssl("crl", "-inform", "DER", "-in", list, "-noout", "-text").output
    #expect(text.components(separatedBy: "Serial Number:").count == 2001)
    #expect(text.components(separatedBy: "Certificate Hold").count == 21)
  }
}
