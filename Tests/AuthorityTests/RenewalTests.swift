import Foundation
import Testing

@testable import Authority

@Suite("Renewal")
struct RenewalTests {
  private static let expiryDay = Fixture.issueDay.adding(years: 3)

  @Test(
    "only in the 90 days before expiry, up to the day before",
    arguments: [
      (1000, false), (91, false), (90, true), (45, true), (1, true), (0, false), (-1, false),
    ])
  func window(daysBefore: Int, allowed: Bool) throws {
    let workplace = try Workplace()
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try workplace.authority(at: .moved(by: clock))
    let device = try Fixture.issue(authority)
    let day = Self.expiryDay.adding(days: -daysBefore)
    let refusal = AuthorityError.Rule.window(
      first: Self.expiryDay.adding(days: -90), last: Self.expiryDay.adding(days: -1))
    // From the first second of the day to the last.
    for second in [0.0, 86_399.0] {
      clock.move(to: day.start + second)
      #expect(rule { _ = try authority.renewalOffer(for: device) } == (allowed ? nil : refusal))
    }
    #expect(rule { _ = try authority.renew(device) } == (allowed ? nil : refusal))
    #expect(try authority.enrolments(of: device).count == (allowed ? 2 : 1))
  }

  @Test("it adds three years to the old expiry day, supersedes the old certificates, and is once")
  func renewal() throws {
    let workplace = try Workplace()
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try workplace.authority(at: .moved(by: clock))
    let device = try Fixture.issue(authority)
    let old = try authority.certificates(of: device)
    clock.move(to: Self.expiryDay.adding(days: -30).start + 3600)
    #expect(try authority.renewalOffer(for: device).newExpiryDay == Self.expiryDay.adding(years: 3))
    let enrolment = try authority.renew(device)
    #expect(rule { try Fixture.certify(enrolment, authority, keys: "first") } == .key)
    let new = try Fixture.certify(enrolment, authority, keys: "second")
    #expect(try authority.certificates(of: device).allSatisfy { $0.revocation == nil })
    let renewed = try authority.activate(enrolment)
    #expect(renewed.renewals == 1)
    #expect(renewed.expiryDay == Self.expiryDay.adding(years: 3))
    #expect(renewed.personalData == device.personalData)
    let all = try authority.certificates(of: device)
    #expect(all.suffix(2) == new[...])
    for certificate in all.prefix(2) {
      #expect(certificate.revocation == Revocation(at: clock.now, reason: .superseded))
    }
    let last = renewed.expiryDay.start.addingTimeInterval(-1)
    #expect(new.allSatisfy { $0.notBefore == clock.now && $0.notAfter == last })
    #expect(Set(new.map(\.serialNumber)).isDisjoint(with: old.map(\.serialNumber)))
    #expect(try authority.activate(enrolment) == renewed)
    #expect(
      try authority.events(of: device).suffix(6).map(\.kind) == [
        "renewal-ordered", "certificate-issued", "certificate-issued", "certificate-revoked",
        "certificate-revoked", "device-renewed",
      ])
    clock.move(to: renewed.expiryDay.adding(days: -30).start)
    #expect(rule { _ = try authority.renew(device) } == .renewedOnce)
  }

  @Test("only over the channels that the chamber has")
  func channels() throws {
    let workplace = try Workplace()
    let clock = MovableClock(Self.expiryDay.adding(years: -3).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    var policy = ChamberPolicy.test
    policy.channels = [.counter]
    try authority.adopt(policy)
    let placed = try Fixture.order(authority)
    try Fixture.certify(placed.enrolment, authority, keys: "first")
    let device = try authority.activate(placed.enrolment)
    clock.move(to: Self.expiryDay.adding(days: -30).start)
    for channel in Channel.allCases where channel != .counter {
      #expect(
        rule { _ = try authority.renewalOffer(for: device, over: channel) } == .policy("channels"))
      #expect(rule { _ = try authority.renew(device, over: channel) } == .policy("channels"))
    }
    _ = try authority.renew(device, over: .counter)
  }

  @Test("the holder comes with a valid document, which is recorded; no proxy")
  func identity() throws {
    let workplace = try Workplace()
    let device = try Fixture.issue(try workplace.authority())
    let day = Self.expiryDay.adding(days: -10)
    let authority = try workplace.authority(at: .fixed(day))
    var identity = IdentityCheck(
      document: "identity card", documentNumber: "TEST0001", documentExpires: day,
      checkedBy: "TEST official", presenter: .proxy)
    let events = try authority.events()
    #expect(rule { _ = try authority.renew(device, identity: identity) } == .delegation)
    identity.presenter = .holder
    identity.documentExpires = day.adding(days: -1)
    #expect(
      rule { _ = try authority.renew(device, identity: identity) }
        == .field("identity.documentExpires"))
    #expect(try authority.events() == events)
    identity.documentExpires = day
    _ = try authority.renew(device, identity: identity)
    let check = try #require(
      try authority.events(of: device).first { $0.kind == "identity-checked" })
    #expect(check.detail["documentNumber"] == "TEST0001")
    #expect(check.detail["channel"] == "counter")
  }

  @Test("interrupted anywhere, it is taken up again")
  func interrupted() throws {
    let workplace = try Workplace()
    let day = Self.expiryDay.adding(days: -1)
    let device = try Fixture.issue(try workplace.authority())
    let reopen = { try workplace.authority(at: .fixed(day)) }
    let enrolment = try reopen().renew(device)
    #expect(try reopen().renewalOffer(for: device).interrupted == enrolment)
    #expect(try reopen().renew(device) == enrolment)
    try Fixture.certify(enrolment, reopen(), keys: "second")
    #expect(try reopen().renew(device).id == enrolment.id)
    // The device lost its second keys before they were in use, and made a third pair, a day late.
    let late = try workplace.authority(at: .fixed(Self.expiryDay.adding(days: 1)))
    #expect(try late.renew(device).state == .certified)
    let third = try Fixture.certify(enrolment, late, keys: "third")
    #expect(try late.activate(enrolment).renewals == 1)
    let good = try late.certificates(of: device).filter { $0.revocation == nil }
    #expect(good.map(\.der) == third.map(\.der))
  }

  @Test("an abandoned renewal may be ordered anew; one not yet issued may not be renewed")
  func states() throws {
    let workplace = try Workplace()
    let device = try Fixture.issue(try workplace.authority())
    let authority = try workplace.authority(at: .fixed(Self.expiryDay.adding(days: -2)))
    let first = try authority.renew(device)
    try authority.abandon(first)
    #expect(try authority.renew(device).id != first.id)
    #expect(try authority.device(device.cardNumber).state == .active)
    let ordered = try authority.order(DeviceOrder(holderID: device.holderID)).device
    #expect(rule { _ = try authority.renew(ordered) } == .state)
  }
}
