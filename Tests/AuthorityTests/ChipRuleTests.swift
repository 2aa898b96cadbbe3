import Cryptography
import Foundation
import Testing

@testable import Authority

@Suite("The rules of domain.md: chips that do not comply")
struct ChipRuleTests {
  private struct Case: CustomTestStringConvertible {
    let chamber: String
    let chip: Chip
    let kind: DeviceKind
    let blocked: String
    let revoked: String
    var testDescription: String { "\(chip.rawValue) of \(chamber)" }
  }

  private static let cases = [
    Case(
      chamber: "cuneo", chip: .cosmoV9, kind: .token, blocked: "2025-03-04", revoked: "2025-12-31"),
    Case(
      chamber: "cuneo", chip: .jsign3, kind: .smartCard, blocked: "2025-03-12",
      revoked: "2026-06-26"),
    Case(
      chamber: "bergamo", chip: .jsign3, kind: .smartCard, blocked: "2025-03-12",
      revoked: "2026-06-29"),
  ]

  @Test(
    "renewal is blocked from a day, the subscription certificate revoked on another, the CNS good",
    arguments: cases)
  private func dates(of chip: Case) async throws {
    let blocked = try #require(Day(chip.blocked))
    let revoked = try #require(Day(chip.revoked))
    // Issued so that the renewal window lies around the day it is blocked.
    let issueDay = blocked.adding(days: 30).adding(years: -3)
    try await OnlineAuthority.run(from: issueDay) { online in
      let authority = online.authority
      try authority.adopt(
        try Chambers.policy(chip.chamber, jsign3RevokedOn: chip.revoked))
      let device = try Fixture.issue(
        authority, chip: chip.chip, kind: chip.kind, chamber: chip.chamber)
      online.clock.move(to: blocked.start.addingTimeInterval(-1))
      _ = try authority.renewalOffer(for: device)
      online.clock.move(to: blocked.start)
      #expect(
        rule { _ = try authority.renew(device) }
          == .chip(chip.chip, renewalBlockedFrom: blocked))
      // Another, issued later, lives to see its subscription certificate revoked.
      online.clock.move(to: revoked.adding(days: -100).start)
      let late = try Fixture.issue(
        authority, keys: "second", chip: chip.chip, kind: chip.kind, chamber: chip.chamber)
      let certificates = try authority.certificates(of: late)
      online.clock.move(to: revoked.start.addingTimeInterval(-60))
      for certificate in certificates {
        #expect(try await online.verdict(on: certificate) == .good)
      }
      // Nobody runs the day: answers know what is due, and write nothing.
      online.clock.move(to: revoked.start + 3600)
      #expect(try await online.verdict(on: certificates[0]) == .good)
      #expect(
        try await online.verdict(on: certificates[1]) == .revoked("privilegeWithdrawn"))
      #expect(try authority.status(of: late) == .signatureRevoked)
      #expect(try authority.certificates(of: late)[1].revocation == nil)
      #expect(try authority.messages(to: late).isEmpty)
      let due = try authority.revocationList(of: certificates[1].issuer)
      try authority.runDay()
      #expect(try authority.revocationList(of: certificates[1].issuer) == due)
      let signature = try authority.certificates(of: late)[1]
      #expect(signature.revocation?.at == revoked.start)
      #expect(try authority.messages(to: late).map(\.kind).first == .chipRevocation)
    }
  }

  @Test("two chambers disagree about 26 or 29 June 2026, and both are right")
  func disagreement() throws {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    var devices: [String: Device] = [:]
    for (chamber, day) in [("cuneo", "2026-06-26"), ("bergamo", "2026-06-29")] {
      try authority.adopt(try Chambers.policy(chamber, jsign3RevokedOn: day))
      devices[chamber] = try Fixture.issue(
        authority, keys: chamber, chip: .jsign3, kind: .smartCard, chamber: chamber)
    }
    for (day, cuneo, bergamo) in [
      ("2026-06-25", DeviceStatus.active, DeviceStatus.active),
      ("2026-06-26", .signatureRevoked, .active), ("2026-06-28", .signatureRevoked, .active),
      ("2026-06-29", .signatureRevoked, .signatureRevoked),
    ] {
      clock.move(to: try #require(Day(day)).start)
      #expect(try authority.status(of: try #require(devices["cuneo"])) == cuneo)
      #expect(try authority.status(of: try #require(devices["bergamo"])) == bergamo)
    }
  }

  @Test("Bergamo replaces such a device at EUR 7 against return, at the full price without")
  func replacement() throws {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(try Chambers.policy("bergamo", jsign3RevokedOn: "2026-06-29"))
    let device = try Fixture.issue(
      authority, chip: .jsign3, kind: .smartCard, chamber: "bergamo")
    func price(_ cause: ReplacementCause) throws -> Money? {
      try authority.replace(device, because: cause, by: "TEST official").enrolment.fee?.total
    }
    #expect(rule { _ = try price(.chipReturned) } == .policy("chips"))
    clock.move(to: try #require(Day("2025-03-12")).start)
    #expect(try price(.chipReturned) == Money("7.00"))
    #expect(try price(.chipKept) == Money("25.00"))
    let good = try Fixture.issue(authority, keys: "second", chamber: "bergamo")
    #expect(
      rule { _ = try authority.replace(good, because: .chipReturned, by: "T") }
        == .policy("chips"))
  }
}

@Suite("Remote one-shot signatures")
struct RemoteSignatureTests {
  /// An answer of the API.
  private struct Answer {
    let status: String
    let body: [String: Any]
    func text(_ key: String) -> String { body[key] as? String ?? "" }
  }

  private func post(
    _ online: OnlineAuthority, _ path: String, _ token: String, _ body: [String: Any]
  ) async throws -> Answer {
    let json = try JSONSerialization.data(withJSONObject: body)
    let got = try await command([
      "curl", "-sS", "-w", "\n%{http_code}", "-H", "Authorization: Bearer \(token)", "-H",
      "Content-Type: application/json", "-d", String(decoding: json, as: UTF8.self),
      online.authority.baseURL + "/csc/v2/" + path,
    ])
    let parts = got.output.components(separatedBy: "\n")
    let object = try JSONSerialization.jsonObject(with: Data((parts.first ?? "").utf8))
    return Answer(status: parts.last ?? "", body: object as? [String: Any] ?? [:])
  }

  @Test("from 01.01.2026, free, with an OTP from the outbox, once per authorisation")
  func signature() async throws {
    let issueDay = try #require(Day("2024-01-01"))
    try await OnlineAuthority.run(from: issueDay) { online in
      let authority = online.authority
      let official = Requester.registrar("TEST official")
      try authority.adopt(try Chambers.policy("cuneo"))
      let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
      online.clock.move(to: try #require(Day("2025-12-31")).start)
      #expect(
        rule { _ = try authority.enrolRemoteSignature(for: device, by: official) }
          == .policy("remoteSignatureFrom"))
      online.clock.move(to: try #require(Day("2026-01-01")).start + 36_000)
      #expect(try authority.runDay().messages.contains { $0.kind == .remoteSignatureOffer })
      let enrolment = try authority.enrolRemoteSignature(for: device, by: official)
      let token = enrolment.accessToken
      let id = enrolment.credentialID

      #expect(try await post(online, "credentials/list", "wrong", [:]).status == "401")
      let list = try await post(online, "credentials/list", token, [:])
      #expect(list.body["credentialIDs"] as? [String] == [id])
      let info = try await post(online, "credentials/info", token, ["credentialID": id])
      let certificates = (info.body["cert"] as? [String: Any])?["certificates"] as? [String] ?? []
      #expect(certificates.count == 3)
      #expect(info.text("SCAL") == "2")

      let document = try online.workplace.write(Array("contratto di prova".utf8), "document")
      let hash = Data(Digest.sha256(Array("contratto di prova".utf8))).base64EncodedString()
      let question: [String: Any] = [
        "credentialID": id, "numSignatures": 1, "hashes": [hash],
        "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1",
      ]
      func authorise(_ password: String) async throws -> Answer {
        try await post(
          online, "credentials/authorize", token,
          question.merging(["authData": [["id": "OTP", "value": password]]]) { $1 })
      }
      #expect(try await authorise("000000").text("error") == "invalid_otp")
      func password() async throws -> String {
        #expect(
          try await post(online, "credentials/sendOTP", token, ["credentialID": id]).status == "200"
        )
        let message = try authority.messages(to: device).last { $0.kind == .oneTimePassword }
        let body = try #require(message?.body)
        return try #require(body.firstMatch(of: /password: (\d{6})/)).1.description
      }
      // Too old.
      let stale = try await password()
      online.clock.advance(seconds: 301)
      #expect(try await authorise(stale).text("error") == "invalid_otp")
      let activation = try await authorise(try await password()).text("SAD")
      #expect(!activation.isEmpty)
      func sign(_ hash: String) async throws -> Answer {
        try await post(
          online, "signatures/signHash", token,
          [
            "credentialID": id, "SAD": activation, "hashes": [hash],
            "hashAlgorithmOID": "2.16.840.1.101.3.4.2.1", "signAlgo": "1.2.840.113549.1.1.1",
          ])
      }
      let other = Data(Digest.sha256([1])).base64EncodedString()
      #expect(try await sign(other).status == "400")
      let signed = try await sign(hash)
      let signature = (signed.body["signatures"] as? [String] ?? []).first ?? ""
      // Once.
      #expect(try await sign(hash).status == "400")

      let der = try #require(Data(base64Encoded: certificates[0]))
      let certificate = try online.workplace.write(PEM.certificate([UInt8](der)), "remote.pem")
      let key = online.workplace.file("remote.pub")
      _ = try await online.openssl(
        "x509", "-in", certificate, "-noout", "-pubkey", "-out", key)
      let file = try online.workplace.write(
        [UInt8](try #require(Data(base64Encoded: signature))), "signature")
      let checked = try await online.openssl(
        "dgst", "-sha256", "-verify", key, "-signature", file, document)
      #expect(checked.output.contains("Verified OK"), "\(checked.output)")
      let verified = try await online.openssl(
        "verify", "-x509_strict", "-CAfile", authority.chainFile, certificate)
      #expect(verified.status == 0, "\(verified.output)")
      let asked = try await online.openssl(
        "ocsp", "-issuer", online.workplace.file("ca/a-qualified.pem"), "-cert", certificate,
        "-url", authority.baseURL + "/ocsp", "-CAfile", online.workplace.file("ca/root.pem"))
      #expect(asked.output.contains("remote.pem: good"), "\(asked.output)")
      #expect(try authority.receipts(of: device).last?.total == .zero)
    }
  }

  @Test("three wrong passwords end one; a right one afterwards does not help")
  func guessing() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority(at: .fixed(try #require(Day("2026-02-01"))))
    try authority.adopt(try Chambers.policy("cuneo"))
    let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
    let enrolment = try authority.enrolRemoteSignature(for: device, by: .registrar("T"))
    try authority.sendOneTimePassword(
      credentialID: enrolment.credentialID, accessToken: enrolment.accessToken)
    let body = try #require(
      try authority.messages(to: device).last { $0.kind == .oneTimePassword }?.body)
    let right = try #require(body.firstMatch(of: /password: (\d{6})/)).1.description
    let wrong = right == "111111" ? "222222" : "111111"
    for guess in [wrong, wrong, wrong, right] {
      #expect(
        rule {
          _ = try authority.authorise(
            credentialID: enrolment.credentialID, accessToken: enrolment.accessToken,
            hash: [UInt8](repeating: 0, count: 32), oneTimePassword: guess)
        } == .field("OTP"))
    }
  }
}
