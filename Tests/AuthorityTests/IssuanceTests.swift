import CCrypto
import Foundation
import GRDB
import Testing

@testable import Authority

@Suite("Issuance")
struct IssuanceTests {
  @Test("a device goes from ordered over certified to active, and the log tells it")
  func life() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let holder = try authority.register(.fictitious)
    let ordered = try authority.order(
      DeviceOrder(holderID: holder.id, chip: .jsign3, kind: .smartCard))
    #expect(ordered.device.state == .ordered)
    #expect(ordered.transportKey.count == 16)
    #expect(try authority.enrolmentsUnderWay() == [ordered.enrolment])
    #expect(rule { try authority.activate(ordered.enrolment) } == .state)
    let certificates = try Fixture.certify(ordered.enrolment, authority, keys: "first")
    #expect(try authority.device(ordered.device.cardNumber).state == .certified)
    let device = try authority.activate(ordered.enrolment)
    #expect(device.state == .active)
    #expect(try authority.activate(ordered.enrolment) == device)
    #expect(try authority.certificates(of: device) == certificates)
    #expect(try authority.enrolmentsUnderWay().isEmpty)
    #expect(device.issueDay == Fixture.issueDay)
    #expect(device.expiryDay == Fixture.issueDay.adding(years: 3))
    #expect(
      try authority.events().map(\.kind) == [
        "holder-registered", "device-ordered", "certificate-issued", "certificate-issued",
        "device-activated",
      ])
    #expect(try authority.events(of: device).count == 4)
    // Another process sees the same.
    let again = try Authority(directory: workplace.path)
    #expect(try again.devices() == [device])
    #expect(try again.holder(device.holderID).holder == .fictitious)
  }

  @Test("openssl accepts the request that a card signed")
  func request() throws {
    let workplace = try Workplace()
    let key = try Fixture.cardKey("request")
    let request = try CertificationRequest.prepare(
      subject: DistinguishedName([.init(.country, "IT"), .init(.commonName, "TEST")]),
      publicKey: key.publicKey)
    #expect(request.digestInfo.count == 51)
    let der = request.assemble(signature: try key.sign(request.toBeSigned))
    let file = try workplace.write(der, "request.der")
    let verified = try openssl(
      "req", "-inform", "DER", "-in", file, "-verify", "-noout", "-subject")
    #expect(verified.status == 0)
    #expect(verified.output.contains("subject=C = IT, CN = TEST"))
  }

  @Test("what would outlive the CAs is refused when it is ordered, nothing written")
  func coverage() throws {
    let workplace = try Workplace()
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try workplace.authority(at: .moved(by: clock))
    func active(_ keys: String) throws -> Device {
      let placed = try Fixture.order(authority, chamber: nil)
      try Fixture.certify(placed.enrolment, authority, keys: keys)
      return try authority.activate(placed.enrolment)
    }
    // CAs last ten years; a device ordered in their seventh lasts as long, its renewal does not.
    clock.move(to: Fixture.issueDay.adding(years: 7).adding(days: -1).start)
    let device = try active("first")
    clock.move(to: device.expiryDay.adding(days: -30).start)
    try authority.runDay()
    let books = (try authority.events(of: device), try authority.certificates(of: device))
    #expect(rule { _ = try authority.renewalOffer(for: device) } == .state)
    #expect(rule { _ = try authority.renew(device) } == .state)
    #expect(
      rule { _ = try authority.replace(device, because: .involuntaryBlock, by: "TEST") } == .state)
    #expect(rule { _ = try Fixture.order(authority, chamber: nil) } == .state)
    #expect(try authority.events(of: device) == books.0)
    #expect(try authority.certificates(of: device) == books.1)
    #expect(try authority.enrolmentsUnderWay().isEmpty)
    #expect(try authority.devices() == [device])
  }

  @Test("no certificate ends before it begins: the last days that can be written")
  func lastDays() throws {
    let workplace = try Workplace()
    let day = try #require(Day("9999-12-31"))
    let authority = try workplace.authority(at: .fixed(day))
    #expect(rule { _ = try Fixture.order(authority, chamber: nil) } == .state)
  }

  @Test("no possession, no certificate: nothing is written")
  func possession() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let holder = try authority.register(.fictitious)
    let first = try authority.order(DeviceOrder(holderID: holder.id)).enrolment
    let second = try authority.order(DeviceOrder(holderID: holder.id)).enrolment
    let key = try Fixture.cardKey("first cns")
    let other = try Fixture.cardKey("first qualified")
    let events = try authority.events()
    let request = try authority.certificationRequest(
      for: first, purpose: .cnsAuthentication, publicKey: key.publicKey)
    let signature = try key.sign(request.toBeSigned)
    func refused(_ enrolment: Enrolment, _ purpose: CertificatePurpose, _ der: [UInt8])
      -> AuthorityError.Rule?
    {
      rule { _ = try authority.certify(enrolment, purpose: purpose, request: der) }
    }
    let foreign = request.assemble(signature: try other.sign(request.toBeSigned))
    #expect(refused(first, .cnsAuthentication, foreign) == .proofOfPossession)
    var altered = request.assemble(signature: signature)
    altered[altered.count - 1] ^= 1
    #expect(refused(first, .cnsAuthentication, altered) == .proofOfPossession)
    let good = request.assemble(signature: signature)
    #expect(refused(second, .cnsAuthentication, good) == .proofOfPossession)
    #expect(refused(first, .qualifiedSignature, good) == .proofOfPossession)
    #expect(refused(first, .cnsAuthentication, good + [0]) == .libcrypto)
    #expect(refused(first, .cnsAuthentication, []) == .libcrypto)
    #expect(try authority.events() == events)
    #expect(refused(first, .cnsAuthentication, good) == nil)
  }

  @Test("short, even and second-hand keys are refused")
  func keys() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let device = try Fixture.issue(authority)
    let second = try authority.order(DeviceOrder(holderID: device.holderID)).enrolment
    let used = try Fixture.cardKey("first cns")
    let request = try authority.certificationRequest(
      for: second, purpose: .cnsAuthentication, publicKey: used.publicKey)
    #expect(
      rule {
        _ = try authority.certify(
          second, purpose: .cnsAuthentication,
          request: request.assemble(signature: try used.sign(request.toBeSigned)))
      } == .key)
    let modulus = [UInt8](repeating: 0xFF, count: 256)
    for (n, e) in [
      (Array(modulus.prefix(128)), [1, 0, 1]), (modulus, [3]), (modulus, [1, 0, 0]),
      (Array(modulus.dropLast()) + [0xFE], [1, 0, 1]), ([], []),
    ] as [([UInt8], [UInt8])] {
      #expect(
        rule {
          _ = try CertificationRequest.prepare(
            subject: DistinguishedName([]), modulus: n, exponent: e)
        } == .key)
    }
  }

  @Test("an interrupted issuance is taken up: same key same certificate, new key new certificate")
  func interrupted() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let holder = try authority.register(.fictitious)
    let enrolment = try authority.order(DeviceOrder(holderID: holder.id)).enrolment
    let first = try Fixture.certify(enrolment, authority, keys: "first")
    #expect(try Fixture.certify(enrolment, authority, keys: "first") == first)
    let second = try Fixture.certify(enrolment, authority, keys: "second")
    #expect(Set(second.map(\.der)).isDisjoint(with: first.map(\.der)))
    let device = try authority.activate(enrolment)
    let all = try authority.certificates(of: device)
    #expect(all.filter { $0.revocation == nil }.map(\.der) == second.map(\.der))
    #expect(all.compactMap(\.revocation?.reason) == [.superseded, .superseded])
    #expect(rule { try Fixture.certify(enrolment, authority, keys: "third") } == .state)
  }

  @Test("an abandoned issuance leaves no good certificate")
  func abandoned() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let holder = try authority.register(.fictitious)
    let ordered = try authority.order(DeviceOrder(holderID: holder.id))
    try Fixture.certify(ordered.enrolment, authority, keys: "first")
    try authority.abandon(ordered.enrolment)
    #expect(try authority.device(ordered.device.cardNumber).state == .abandoned)
    #expect(try authority.certificates(of: ordered.device).allSatisfy { $0.revocation != nil })
    #expect(rule { try authority.activate(ordered.enrolment) } == .state)
    #expect(rule { try authority.abandon(ordered.enrolment) } == .state)
  }

  @Test("wrong orders are refused and nothing is written")
  func orders() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    var holder = Holder.fictitious
    holder.codiceFiscale = "PRVNSN80A41X999A"
    #expect(rule { _ = try authority.register(holder) } == .field("codiceFiscale"))
    #expect(try authority.events().isEmpty)
    #expect(rule { _ = try authority.order(DeviceOrder(holderID: 1)) } == .unknown)
    let id = try authority.register(.fictitious).id
    #expect(
      rule { _ = try authority.order(DeviceOrder(holderID: id, transportKey: [1])) }
        == .field("transportKey"))
    #expect(
      rule { _ = try authority.order(DeviceOrder(holderID: id, chipSerial: [1])) }
        == .field("chipSerial"))
    let real = IssuingAdministration(code: "6090", organization: "CCIAA", unit: "Somewhere")
    #expect(
      rule { _ = try authority.order(DeviceOrder(holderID: id, administration: real)) }
        == .field("unit"))
    let number = try authority.order(DeviceOrder(holderID: id)).device.cardNumber
    #expect(
      rule { _ = try authority.order(DeviceOrder(holderID: id, cardNumber: number)) }
        == .field("cardNumber"))
    #expect(try authority.devices().count == 1)
    #expect(rule { _ = try authority.device(CardNumber("4111111111111111")) } == .unknown)
    let later = try Authority(
      directory: workplace.path, clock: .fixed(Fixture.issueDay.adding(years: 8)))
    #expect(rule { _ = try later.order(DeviceOrder(holderID: id)) } == .state)
    #expect(try later.devices().count == 1)
  }

  @Test("the event log cannot be changed, not even by hand")
  func appendOnly() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    _ = try authority.register(.fictitious)
    for statement in ["UPDATE event SET kind = 'x'", "DELETE FROM event"] {
      #expect(
        rule {
          try authority.store.write("tampering") { try $0.execute(sql: statement) }
        } == .database)
    }
    #expect(try authority.events().count == 1)
  }
}
