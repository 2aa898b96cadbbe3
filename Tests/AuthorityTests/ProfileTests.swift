import CCrypto
import Cryptography
import Foundation
import Testing

@testable import Authority

/// A certificate taken apart by libcrypto, not by the code that made it.
struct Parsed: ~Copyable {
  let handle: Owned

  init(_ der: [UInt8]) throws { handle = try Certificate.parse(der) }

  /// Dotted extension identifiers with their criticality.
  var extensions: [String: Bool] {
    var result: [String: Bool] = [:]
    for index in 0..<X509_get_ext_count(handle.pointer) {
      let item = X509_get_ext(handle.pointer, index)
      result[Self.dotted(X509_EXTENSION_get_object(item))] =
        X509_EXTENSION_get_critical(item) == 1
    }
    return result
  }

  static func dotted(_ object: OpaquePointer?) -> String {
    var text = [CChar](repeating: 0, count: 128)
    OBJ_obj2txt(&text, 128, object, 1)
    return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The extension's value as `openssl` explains it.
  func explained(_ nid: Int32) throws -> String {
    let index = X509_get_ext_by_NID(handle.pointer, nid, -1)
    let bio = try Owned(BIO_new(BIO_s_mem()), freeBIO, attempting: "test")
    try Libcrypto.check(
      X509V3_EXT_print(bio.pointer, X509_get_ext(handle.pointer, index), 0, 0), "")
    return String(decoding: PEM.contents(of: bio), as: UTF8.self)
  }

  /// The DER of an extension's value.
  func value(_ nid: Int32) -> [UInt8] {
    let index = X509_get_ext_by_NID(handle.pointer, nid, -1)
    let octets = X509_EXTENSION_get_data(X509_get_ext(handle.pointer, index))
    return [UInt8](
      UnsafeBufferPointer(
        start: ASN1_STRING_get0_data(octets), count: Int(ASN1_STRING_length(octets))))
  }

  /// The policies' identifiers, in order; a notice that is no UTF8String of 200 characters is an
  /// issue.
  var policies: [String] {
    get throws {
      guard extensions["2.5.29.32"] != nil else { return [] }
      // "Policy: 1.2.3" and "Explicit Text: …", as openssl explains them.
      let lines = try explained(NID_certificate_policies).components(separatedBy: "\n")
      for line in lines {
        guard let text = line.components(separatedBy: "Explicit Text: ").dropFirst().first else {
          continue
        }
        #expect(text.count <= 200)
        let bytes = Array(text.utf8)
        #expect(value(NID_certificate_policies).contains([0x0C, 0x81, UInt8(bytes.count)] + bytes))
      }
      return lines.compactMap { $0.components(separatedBy: "Policy: ").dropFirst().first }
    }
  }

  var keyUsage: UInt32 { X509_get_key_usage(handle.pointer) }
  var extendedKeyUsage: UInt32 { X509_get_extended_key_usage(handle.pointer) }

  /// Attribute names and values of the subject, in order.
  var subject: [String] {
    let name = X509_get_subject_name(handle.pointer)
    return (0..<X509_NAME_entry_count(name)).map { index in
      let entry = X509_NAME_get_entry(name, index)
      let value = X509_NAME_ENTRY_get_data(entry)
      let bytes = UnsafeBufferPointer(
        start: ASN1_STRING_get0_data(value), count: Int(ASN1_STRING_length(value)))
      return Self.dotted(X509_NAME_ENTRY_get_object(entry)) + "="
        + String(decoding: bytes, as: UTF8.self)
    }
  }
}

@Suite("Certificate profiles")
struct ProfileTests {
  @Test("the CNS certificate has the profile, field by field")
  func cns() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let device = try Fixture.issue(authority)
    let issued = try #require(
      try authority.certificates(of: device).first { $0.purpose == .cnsAuthentication })
    let certificate = try Parsed(issued.der)
    #expect(
      certificate.extensions == [
        "2.5.29.15": true, "2.5.29.37": false, "2.5.29.32": false, "2.5.29.31": false,
        "1.3.6.1.5.5.7.1.1": false, "2.5.29.14": false, "2.5.29.35": false,
      ])
    #expect(certificate.keyUsage == UInt32(KU_DIGITAL_SIGNATURE | KU_KEY_ENCIPHERMENT))
    #expect(certificate.extendedKeyUsage == UInt32(XKU_SSL_CLIENT))
    let policies = try certificate.explained(NID_certificate_policies)
    #expect(policies.contains("Policy: 1.3.76.16.2.1"))
    #expect(
      policies.contains(
        "Explicit Text: Identifies X.509 authentication certificates issued for the italian "
          + "National Service Card (CNS) project in according to the italian regulation"))
    #expect(CertificateProfile.cnsNotice.count <= 200)
    #expect(policies.contains("Policy: 1.3.6.1.4.1.32473.1.1"))
    #expect(
      try certificate.explained(NID_crl_distribution_points).contains(
        "URI:http://127.0.0.1:8750/crl/a-cns.crl"))
    let access = try certificate.explained(NID_info_access)
    #expect(access.contains("CA Issuers - URI:http://127.0.0.1:8750/ca/a-cns.cer"))
    #expect(access.contains("OCSP - URI:http://127.0.0.1:8750/ocsp"))

    let hash = Data(Digest.sha1(device.personalData)).base64EncodedString()
    let commonName = "PRVNSN80A41X999K/\(device.cardNumber).\(hash)"
    #expect(commonName.utf8.count == 62)
    #expect(commonName.wholeMatch(of: /[A-Z0-9]{16}\/[A-Z0-9]+\.[^=]+=/) != nil)
    #expect(
      certificate.subject == [
        "2.5.4.6=IT", "2.5.4.10=TEST - CAMERA DI COMMERCIO DI PROVA",
        "2.5.4.11=TEST - NOT A REAL ISSUING ADMINISTRATION", "2.5.4.3=\(commonName)",
      ])
  }

  @Test("the qualified certificate has the profile, field by field")
  func qualified() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let device = try Fixture.issue(authority)
    let issued = try #require(
      try authority.certificates(of: device).first { $0.purpose == .qualifiedSignature })
    let certificate = try Parsed(issued.der)
    #expect(
      certificate.extensions == [
        "2.5.29.15": true, "2.5.29.32": false, "1.3.6.1.5.5.7.1.3": false, "2.5.29.31": false,
        "1.3.6.1.5.5.7.1.1": false, "2.5.29.14": false, "2.5.29.35": false,
      ])
    #expect(certificate.keyUsage == UInt32(KU_NON_REPUDIATION))
    #expect(certificate.extendedKeyUsage == UInt32.max)  // no such extension
    let policies = try certificate.explained(NID_certificate_policies)
    for policy in ["1.3.6.1.4.1.32473.1.2", "0.4.0.194112.1.2", "1.3.76.16.6"] {
      #expect(policies.contains("Policy: \(policy)\n") || policies.hasSuffix("Policy: \(policy)"))
    }
    // ETSI EN 319 412-5: compliance, retention 20, SSCD, PDS it and en, type esign.
    let italian = Array("http://127.0.0.1:8750/pds/it.pdf".utf8)
    let english = Array("http://127.0.0.1:8750/pds/en.pdf".utf8)
    let etsi: [UInt8] = [0x06, 0x06, 0x04, 0x00, 0x8E, 0x46, 0x01]
    let disclosures: [UInt8] =
      [0x30, 0x50, 0x30, 0x26, 0x16, 0x20] + italian + [0x13, 0x02, 0x69, 0x74]
      + [0x30, 0x26, 0x16, 0x20] + english + [0x13, 0x02, 0x65, 0x6E]
    var statements: [UInt8] = [0x30, 0x08] + etsi + [0x01]
    statements += [0x30, 0x0B] + etsi + [0x03, 0x02, 0x01, 0x14]
    statements += [0x30, 0x08] + etsi + [0x04]
    statements += [0x30, 0x5A] + etsi + [0x05] + disclosures
    statements += [0x30, 0x13] + etsi + [0x06, 0x30, 0x09]
    statements += [0x06, 0x07, 0x04, 0x00, 0x8E, 0x46, 0x01, 0x06, 0x01]
    #expect(
      certificate.value(NID_qcStatements) == [0x30, 0x81, UInt8(statements.count)] + statements)
    #expect(
      try certificate.explained(NID_crl_distribution_points).contains("/crl/a-qualified.crl"))
    let access = try certificate.explained(NID_info_access)
    #expect(access.contains("CA Issuers - URI:http://127.0.0.1:8750/ca/a-qualified.cer"))
    #expect(access.contains("OCSP - URI:http://127.0.0.1:8750/ocsp"))
    let enrolment = try #require(try authority.enrolments(of: device).first)
    #expect(
      certificate.subject == [
        "2.5.4.6=IT", "2.5.4.11=TEST - NOT VALID", "2.5.4.4=PROVA TEST", "2.5.4.42=NESSUNA",
        "2.5.4.5=TINIT-PRVNSN80A41X999K", "2.5.4.3=PROVA TEST NESSUNA",
        "2.5.4.46=\(enrolment.dnQualifier)",
      ])
  }

  @Test("openssl reads, verifies and classifies both certificates")
  func oracle() throws {
    let workplace = try Workplace()
    // The command looks at the real date.
    let authority = try workplace.authority(at: .real)
    let device = try Fixture.issue(authority)
    for issued in try authority.certificates(of: device) {
      let file = try workplace.write(
        PEM.certificate(issued.der), "\(issued.purpose.rawValue).pem")
      let verified = try openssl(
        "verify", "-x509_strict", "-CAfile", authority.chainFile, "-show_chain", file)
      #expect(verified.status == 0, "\(verified.output)")
      let text = try openssl("x509", "-in", file, "-noout", "-text").output
      #expect(text.contains("Version: 3 (0x2)"))
      #expect(text.contains("Signature Algorithm: sha256WithRSAEncryption"))
      #expect(text.contains("Public-Key: (2048 bit)"))
      #expect(
        text.contains(
          "Issuer: C = IT, O = softdna TEST Provider A, OU = TEST - NOT A REAL TRUST"
        ))
      #expect(text.contains("X509v3 Key Usage: critical"))
      let purposes = try openssl("x509", "-in", file, "-noout", "-purpose").output
      // Logs in and does not sign mail; signs and does not log in.
      let isCNS = issued.purpose == .cnsAuthentication
      for (purpose, isFit) in [
        ("SSL client", isCNS), ("SSL server", false), ("S/MIME signing", !isCNS),
        ("S/MIME encryption", false), ("CRL signing", false), ("OCSP helper", true),
        ("Time Stamp signing", false), ("SSL client CA", false), ("S/MIME signing CA", false),
      ] {
        #expect(
          purposes.contains("\n\(purpose) : \(isFit ? "Yes" : "No")\n"), "\(purpose): \(purposes)")
      }
      // Good for as long as it says, and not a day longer.
      let seconds = Int(issued.notAfter.timeIntervalSinceNow)
      for (end, status) in [(86_400, Int32(0)), (seconds - 60, 0), (seconds + 60, 1)] {
        #expect(
          try openssl("x509", "-in", file, "-noout", "-checkend", String(end)).status == status)
      }
      #expect(issued.notAfter == device.expiryDay.start.addingTimeInterval(-1))
    }
  }

  @Test("serial numbers are positive, of one length and different")
  func serials() throws {
    let numbers = (0..<50).map {
      Certificate.serialNumber(.system, label: "serial \($0)")
    }
    #expect(Set(numbers).count == 50)
    #expect(numbers.allSatisfy { $0.count == 16 && $0[0] & 0xC0 == 0x40 })
  }
}
