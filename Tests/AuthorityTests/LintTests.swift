import CCrypto
import Cryptography
import Foundation
import Synchronization
import Testing

@testable import Authority

/// What zlint and its like look at, of every certificate the authority makes.
@Suite("Certificates stand up to lint")
struct LintTests {
  /// Root; CNS CA, qualified CA; the device's certificates; a remote signature's; an OCSP responder's.
  private static let issuers = [0, 0, 0, 1, 2, 2, 1]

  private func everyCertificate() throws -> [[UInt8]] {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(try Chambers.policy("cuneo"))
    let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
    let issued = try authority.certificates(of: device)
    clock.move(to: try #require(Day("2026-01-05")).start)
    let remote = try authority.enrolRemoteSignature(for: device, by: .registrar("TEST official"))
    let credential = try authority.remoteCredentials(accessToken: remote.accessToken)[0]
    let request = workplace.file("request.der")
    _ = try openssl(
      "ocsp", "-issuer", workplace.file("ca/a-cns.pem"), "-serial",
      "0x" + issued[0].serialNumber, "-reqout", request)
    _ = try authority.ocspResponse(
      to: [UInt8](try Data(contentsOf: URL(fileURLWithPath: request))))
    let responders = authority.responders.withLock { $0.values.map(\.certificate) }
    return authority.chain + issued.map(\.der) + [credential.chain[0]] + responders
  }

  @Test("serial numbers have 64 bits of entropy and more, at most 20 octets, none is negative")
  func serialNumbers() throws {
    // In many numbers every bit but the first two, which are fixed, is seen set and unset.
    var ones = [UInt8](repeating: 0, count: 16)
    var zeros = ones
    for index in 0..<200 {
      let number = Certificate.serialNumber(.system, label: "serial \(index)")
      for (place, byte) in number.enumerated() {
        ones[place] |= byte
        zeros[place] |= ~byte
      }
    }
    #expect(ones[0] == 0x7F && zeros[0] == 0xBF)
    #expect((ones + zeros).filter { $0 == 0xFF }.count == 30)
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
    #expect(all.count == Self.issuers.count)
    for (index, der) in all.enumerated() {
      let certificate = try Certificate.parse(der)
      #expect(identifiers[index].count == 20)
      #expect(
        Certificate.bytes(of: X509_get0_authority_key_id(certificate.pointer))
          == identifiers[Self.issuers[index]])
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

  @Test("both signature algorithms agree, exponents are 65537, identifiers are the keys' SHA-1")
  func keys() throws {
    let all = try everyCertificate()
    for (index, der) in all.enumerated() {
      let certificate = try Certificate.parse(der)
      var outer: UnsafePointer<X509_ALGOR>?
      X509_get0_signature(nil, &outer, certificate.pointer)
      #expect(X509_ALGOR_cmp(outer, X509_get0_tbs_sigalg(certificate.pointer)) == 0)
      var exponent: OpaquePointer?
      EVP_PKEY_get_bn_param(X509_get0_pubkey(certificate.pointer), "e", &exponent)
      defer { BN_free(exponent) }
      #expect(BN_get_word(exponent) == 65_537)
      #expect(
        Certificate.bytes(of: X509_get0_subject_key_id(certificate.pointer))
          == Digest.sha1(Certificate.publicKeyBits(of: certificate)))
      // Name chaining is octet by octet (RFC 5280, 6.1.3).
      let issuer = try Certificate.parse(all[Self.issuers[index]])
      #expect(
        try Libcrypto.der("") { i2d_X509_NAME(X509_get_issuer_name(certificate.pointer), $0) }
          == Certificate.subject(of: issuer))
      #expect(X509_verify(certificate.pointer, X509_get0_pubkey(issuer.pointer)) == 1)
      // No policy comes twice, and a notice is UTF-8 of at most 200 characters (4.2.1.4).
      let policies = try Parsed(der).policies
      #expect(Set(policies).count == policies.count)
    }
  }

  @Test("full and delta lists have the extensions of the profile and no others, times in order")
  func lists() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let device = try Fixture.issue(authority)
    try authority.suspend(device, by: .registrar("TEST official"))
    for name in authority.issuerNames {
      // authorityKeyIdentifier, cRLNumber, then freshestCRL and expiredCertsOnCRL, or
      // deltaCRLIndicator, which alone is critical.
      for (list, expected) in [
        (
          try authority.revocationList(of: name),
          ["2.5.29.35": false, "2.5.29.20": false, "2.5.29.46": false, "2.5.29.60": false]
        ),
        (
          try authority.deltaRevocationList(of: name),
          ["2.5.29.35": false, "2.5.29.20": false, "2.5.29.27": true]
        ),
      ] {
        let parsed = try Libcrypto.parse(list.der, "test", X509_CRL_free) {
          d2i_X509_CRL(nil, $0, $1)
        }
        var extensions: [String: Bool] = [:]
        for index in 0..<X509_CRL_get_ext_count(parsed.pointer) {
          let item = X509_CRL_get_ext(parsed.pointer, index)
          extensions[Parsed.dotted(X509_EXTENSION_get_object(item))] =
            X509_EXTENSION_get_critical(item) == 1
        }
        #expect(extensions == expected, "\(name)")
        #expect(X509_CRL_get_version(parsed.pointer) == 1)
        #expect(X509_CRL_get_signature_nid(parsed.pointer) == NID_sha256WithRSAEncryption)
        #expect(list.thisUpdate < list.nextUpdate)
        // ExpiredCertsOnCRL: GeneralizedTime, no certificate is older.
        let object = OBJ_txt2obj("2.5.29.60", 1)
        defer { ASN1_OBJECT_free(object) }
        if list.baseNumber == nil {
          let index = X509_CRL_get_ext_by_OBJ(parsed.pointer, object, -1)
          let value = X509_EXTENSION_get_data(X509_CRL_get_ext(parsed.pointer, index))
          #expect(Certificate.bytes(of: value) == [0x18, 15] + Array("19700101000000Z".utf8))
        }
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
