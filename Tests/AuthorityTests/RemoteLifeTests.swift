import Foundation
import GRDB
import Testing

@testable import Authority

@Suite("Remote signatures and what happens to the device")
struct RemoteLifeTests {
  /// A device with a chip that does not comply, and a remote signature.
  private struct Enrolled {
    let workplace: Workplace
    let clock: MovableClock
    let authority: Authority
    let device: Device
    let userCode: String
    let id: String
    let token: String
    let hash = [UInt8](repeating: 7, count: 32)

    init(on day: String = "2026-02-02") throws {
      workplace = try Workplace()
      clock = MovableClock(try #require(Day("2024-06-03")).start)
      authority = try workplace.authority(at: .moved(by: clock))
      var policy = try Chambers.policy("cuneo")
      policy.defectReplacementYears = 10
      try authority.adopt(policy)
      let placed = try Fixture.order(authority, chip: .cosmoV9, chamber: "cuneo")
      try Fixture.certify(placed.enrolment, authority, keys: "first")
      device = try authority.activate(placed.enrolment)
      userCode = placed.scratchCard.userCode
      clock.move(to: try #require(Day(day)).start + 36_000)
      let enrolment = try authority.enrolRemoteSignature(
        for: device, by: .holder(userCode: userCode))
      (id, token) = (enrolment.credentialID, enrolment.accessToken)
    }

    func send(_ authority: Authority? = nil) throws -> String {
      let authority = authority ?? self.authority
      try authority.sendOneTimePassword(credentialID: id, accessToken: token)
      let body = try #require(
        try authority.messages(to: device).last { $0.kind == .oneTimePassword }?.body)
      return try #require(body.firstMatch(of: /password: (\d{6})/)).1.description
    }

    func authorise(_ password: String, _ authority: Authority? = nil) throws -> String {
      try (authority ?? self.authority).authorise(
        credentialID: id, accessToken: token, hash: hash, oneTimePassword: password)
    }

    func sign(_ activation: String) throws {
      _ = try authority.signRemotely(
        credentialID: id, accessToken: token, activation: activation, hash: hash)
    }

    /// What openssl finds in the CA's list about the credential's certificate, and in OCSP's answer.
    func lookUp() throws -> (list: String?, answer: String) {
      let credential = try authority.remoteCredential(id, accessToken: token)
      let list = try workplace.write(
        try authority.revocationList(of: credential.issuerName).der, "list.crl")
      let text = try openssl("crl", "-inform", "DER", "-in", list, "-noout", "-text").output
      let entry = text.components(separatedBy: "Serial Number: ")
        .first { $0.hasPrefix(credential.serialNumber) }
      let issuer = workplace.file("ca/\(credential.issuerName).pem")
      let request = workplace.file("request.der")
      let serial = "0x" + credential.serialNumber
      _ = try openssl("ocsp", "-issuer", issuer, "-serial", serial, "-reqout", request)
      let response = try workplace.write(
        try authority.ocspResponse(
          to: [UInt8](try Data(contentsOf: URL(fileURLWithPath: request)))),
        "response.der")
      let answer = try openssl("ocsp", "-noverify", "-respin", response, "-text")
      return (entry, answer.output)
    }

    /// No way in is open.
    func expectNothingWorks(
      _ expected: AuthorityError.Rule, password: String, activation: String,
      _ location: SourceLocation = #_sourceLocation
    ) throws {
      for broken in [
        rule { _ = try send() }, rule { _ = try authorise(password) },
        rule { try sign(activation) },
        rule {
          _ = try authority.enrolRemoteSignature(for: device, by: .holder(userCode: userCode))
        },
      ] { #expect(broken == expected, sourceLocation: location) }
    }
  }

  @Test("suspended with the device: neither password nor signature; good again with it")
  func suspension() throws {
    let enrolled = try Enrolled()
    let authority = enrolled.authority
    let activation = try enrolled.authorise(try enrolled.send())
    let password = try enrolled.send()
    try authority.suspend(enrolled.device, by: .holder(userCode: enrolled.userCode))
    try enrolled.expectNothingWorks(.state, password: password, activation: activation)
    let held = try enrolled.lookUp()
    #expect(
      held.list?.contains("Certificate Hold") == true
        && held.answer.contains("Cert Status: revoked"))
    try authority.reactivate(enrolled.device, by: .holder(userCode: enrolled.userCode))
    let good = try enrolled.lookUp()
    #expect(good.list == nil && good.answer.contains("Cert Status: good"))
    // Nothing that was spent in between was spent by a refusal.
    try enrolled.sign(activation)
    try enrolled.sign(try enrolled.authorise(password))
  }

  @Test(
    "every cause of a revocation ends it: CRL, OCSP, no signature, no new credential",
    arguments: RevocationCause.allCases)
  func revocation(cause: RevocationCause) throws {
    let enrolled = try Enrolled()
    let activation = try enrolled.authorise(try enrolled.send())
    let password = try enrolled.send()
    try enrolled.authority.revoke(
      enrolled.device, because: cause, by: .registrar("TEST official"))
    try enrolled.expectNothingWorks(.state, password: password, activation: activation)
    let found = try enrolled.lookUp()
    let reason = cause == .dataChange ? "Affiliation Changed" : "Cessation Of Operation"
    #expect(found.list?.contains(reason) == true, "\(found)")
    #expect(found.answer.contains("Cert Status: revoked"), "\(found)")
  }

  @Test(
    "every cause of a replacement ends it",
    arguments: ReplacementCause.allCases.filter { $0 != .misuse })
  func replacement(cause: ReplacementCause) throws {
    let enrolled = try Enrolled()
    let activation = try enrolled.authorise(try enrolled.send())
    let password = try enrolled.send()
    _ = try enrolled.authority.replace(enrolled.device, because: cause, by: "TEST official")
    try enrolled.expectNothingWorks(.state, password: password, activation: activation)
    let found = try enrolled.lookUp()
    #expect(
      found.list?.contains("CRL Reason Code") == true
        && found.answer.contains("Cert Status: revoked"))
  }

  @Test("the day of the chip keeps it: that is what it is for")
  func chip() throws {
    let enrolled = try Enrolled()
    try enrolled.authority.runDay()
    #expect(try enrolled.authority.status(of: enrolled.device) == .signatureRevoked)
    try enrolled.sign(try enrolled.authorise(try enrolled.send()))
    let found = try enrolled.lookUp()
    #expect(found.list == nil && found.answer.contains("Cert Status: good"))
  }

  @Test(
    "its certificate ends after a year, and there is a new one; with the device, and there is none")
  func end() throws {
    let enrolled = try Enrolled()
    let authority = enrolled.authority
    enrolled.clock.move(to: try #require(Day("2027-02-02")).start)
    #expect(rule { _ = try enrolled.send() } == .state)
    let next = try authority.enrolRemoteSignature(
      for: enrolled.device, by: .holder(userCode: enrolled.userCode))
    #expect(next.credentialID != enrolled.id)
    let credential = try authority.remoteCredential(
      next.credentialID, accessToken: next.accessToken)
    // The device's last second.
    #expect(credential.notAfter == enrolled.device.expiryDay.start.addingTimeInterval(-1))
    enrolled.clock.move(to: enrolled.device.expiryDay.start)
    #expect(
      rule {
        try authority.sendOneTimePassword(
          credentialID: next.credentialID, accessToken: next.accessToken)
      } == .state)
    #expect(
      rule {
        _ = try authority.enrolRemoteSignature(
          for: enrolled.device, by: .holder(userCode: enrolled.userCode))
      } == .state)
  }

  @Test("five wrong passwords lock the day, whatever is renewed; the holder is told once")
  func lock() throws {
    let enrolled = try Enrolled()
    let today = Day(enrolled.clock.now)
    let locked = AuthorityError.Rule.locked(until: today.adding(days: 1))
    for guess in 0..<5 {
      // A new password and a new process each time.
      let fresh = try enrolled.workplace.authority(at: .moved(by: enrolled.clock))
      let right = try enrolled.send(fresh)
      if guess == 2 { _ = try enrolled.authorise(right, fresh) }
      let password = guess == 2 ? try enrolled.send(fresh) : right
      let wrong = password == "111111" ? "222222" : "111111"
      #expect(rule { _ = try enrolled.authorise(wrong, fresh) } == .field("OTP"))
    }
    let fresh = try enrolled.workplace.authority(at: .moved(by: enrolled.clock))
    for _ in 0..<3 {
      #expect(rule { _ = try enrolled.authorise("000000", fresh) } == locked)
      #expect(rule { _ = try enrolled.send(fresh) } == locked)
    }
    let messages = try fresh.messages(to: enrolled.device)
    #expect(messages.filter { $0.kind == .remoteSignatureLock }.count == 1)
    let events = try fresh.events(of: enrolled.device).map(\.kind)
    #expect(events.filter { $0 == "one-time-password-wrong" }.count == 5)
    #expect(events.filter { $0 == "remote-signature-locked" }.count == 1)
    enrolled.clock.move(to: today.adding(days: 1).start)
    try enrolled.sign(try enrolled.authorise(try enrolled.send()))
  }

  @Test("forty guesses at once, by as many processes: five are compared")
  func concurrentGuesses() async throws {
    let enrolled = try Enrolled()
    let right = try enrolled.send()
    let wrong = right == "111111" ? "222222" : "111111"
    let broken = try await withThrowingTaskGroup(of: AuthorityError.Rule?.self) { group in
      for _ in 0..<40 {
        group.addTask {
          let authority = try enrolled.workplace.authority(at: .moved(by: enrolled.clock))
          return rule { _ = try enrolled.authorise(wrong, authority) }
        }
      }
      return try await group.reduce(into: []) { $0.append($1) }
    }
    #expect(broken.filter { $0 == .field("OTP") }.count == 5)
    let locked = AuthorityError.Rule.locked(until: Day(enrolled.clock.now).adding(days: 1))
    #expect(broken.filter { $0 == locked }.count == 35)
  }
}
