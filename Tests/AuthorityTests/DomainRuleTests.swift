import Foundation
import Testing

@testable import Authority

/// Chambers as their pages describe them; the files in `scenarios/policies` are tested to say the
/// same.
enum Chambers {
  static func policy(
    _ chamber: String, before: Provider = .infoCertLike, since: String = "2020-12-18",
    jsign3RevokedOn: String = "2026-06-26"
  ) throws -> ChamberPolicy {
    func day(_ text: String) throws -> Day { try #require(Day(text)) }
    func fee(_ text: String) throws -> Fee { Fee([.init(net: try #require(Money(text)))]) }
    return ChamberPolicy(
      chamber: chamber, administration: .test,
      providers: [
        .init(from: try day("2010-01-01"), provider: before),
        .init(from: try day(since), provider: .infoCamereLike),
      ],
      homeDelivery: [.token],
      fees: .init(
        smartCard: try fee("25.00"), smartCardOfLegalRepresentative: .free,
        token: try fee("70.00"),
        renewalOnline: Fee([.init(net: Money(cents: 1800), vat: 22)]),
        renewalAtCounter: Fee([
          .init(net: Money(cents: 700)), .init(net: Money(cents: 1200), vat: 22),
        ]), chipReplacement: try fee("7.00")),
      chips: [
        .init(
          chip: .cosmoV9, renewalBlockedFrom: try day("2025-03-04"),
          signatureRevokedOn: try day("2025-12-31"),
          signatureRevocationFirstAnnounced: try day("2025-04-15")),
        .init(
          chip: .jsign3, renewalBlockedFrom: try day("2025-03-12"),
          signatureRevokedOn: try day(jsign3RevokedOn)),
      ],
      eMailChangeForDevicesFrom: try day("2021-01-29"),
      remoteSignatureFrom: try day("2026-01-01"))
  }
}

@Suite("The rules of domain.md: registration")
struct RegistrationRuleTests {
  private let today = Fixture.issueDay

  private var identity: IdentityCheck {
    IdentityCheck(
      document: "identity card", documentNumber: "TEST0001",
      documentExpires: today.adding(days: 100), checkedBy: "TEST official")
  }

  private func application(_ change: (inout Application) -> Void = { _ in }) -> Application {
    var application = Application(chamber: "test", holder: .fictitious, identity: identity)
    change(&application)
    return application
  }

  private func foreign(_ permit: ResidencePermit?) -> Application {
    application {
      $0.holder.citizenship = "CHE"
      $0.residencePermit = permit
    }
  }

  @Test("a holder is identified, and every check is recorded", arguments: Channel.allCases)
  func channels(channel: Channel) throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    let request = application {
      $0.channel = channel
      $0.delivery = channel.isRemote ? .pickUp : .immediate
    }
    guard channel.issues else {
      #expect(rule { _ = try authority.register(request) } == .policy("channels"))
      return
    }
    let registered = try authority.register(request)
    #expect(registered.state == .accepted)
    let check = try #require(try authority.events().first { $0.kind == "identity-checked" })
    #expect(check.detail["channel"] == channel.rawValue)
    #expect(check.detail["documentNumber"] == "TEST0001")
    #expect(check.detail["checkedBy"] == "TEST official")
    let order = DeviceOrder(holderID: registered.holderID, applicationID: registered.id)
    _ = try authority.order(order)
    // A request is for one device.
    #expect(rule { _ = try authority.order(order) } == .state)
    #expect(try authority.applications() == [registered])
  }

  @Test("no proxy: the device is personal")
  func proxy() throws {
    let authority = try Workplace().authority()
    #expect(
      rule { _ = try authority.register(application { $0.identity.presenter = .proxy }) }
        == .delegation)
    #expect(try authority.events().isEmpty)
  }

  @Test("a deposited request says what it waits for as of the day it was looked at last")
  func waitsFor() throws {
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try Workplace().authority(at: .moved(by: clock))
    var permit = ResidencePermit(expires: Fixture.issueDay.adding(days: -30))
    let registered = try authority.register(
      application {
        $0.holder.citizenship = "CHE"
        $0.residencePermit = permit
      })
    #expect(registered.missing.count == 1)
    // Past the sixty days the documents of the renewal alone are not enough any more.
    clock.advance(days: 31)
    permit.renewalRequestShown = true
    let waiting = try authority.complete(registered, with: permit)
    #expect(waiting.state == .deposited && waiting.missing.count == 1)
    #expect(waiting.missing.allSatisfy { $0.contains("in corso di trattazione") })
    #expect(try authority.applications() == [waiting])
    permit.proof = .convocation
    #expect(try authority.complete(registered, with: permit).missing.isEmpty)
  }

  @Test("what is missing or does not go together is refused with the field, nothing written")
  func refusals() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    try authority.adopt(try Chambers.policy("bergamo"))
    let events = try authority.events()
    let cases: [(AuthorityError.Rule, (inout Application) -> Void)] = [
      (.field("identity.documentNumber"), { $0.identity.documentNumber = "" }),
      (
        .field("identity.documentExpires"), { $0.identity.documentExpires = today.adding(days: -1) }
      ),
      (.field("delivery"), { $0.delivery = .home }),
      (.field("delivery"), { $0.channel = .webcam }),
      (
        .policy("homeDelivery"),
        {
          $0.chamber = "bergamo"
          $0.channel = .spid
          $0.delivery = .home
          $0.device = .smartCard
        }
      ),
      (.unknown, { $0.chamber = "nowhere" }),
      (.field("codiceFiscale"), { $0.holder.codiceFiscale = "PRVNSN80A41X999A" }),
      (.field("residencePermit"), { $0.holder.citizenship = "CHE" }),
    ]
    for (broken, change) in cases {
      #expect(rule { _ = try authority.register(application(change)) } == broken)
    }
    #expect(try authority.events() == events)
  }

  @Test("non-EU: a valid permit; expired, a copy and the renewal documents; past 60 days, proof")
  func residence() throws {
    let authority = try Workplace().authority()
    func state(_ permit: ResidencePermit) throws -> RegisteredApplication.State {
      try authority.register(foreign(permit)).state
    }
    #expect(try state(.init(expires: today)) == .accepted)
    #expect(try state(.init(expires: today, copyShown: false)) == .deposited)
    let expired = today.adding(days: -1)
    #expect(try state(.init(expires: expired)) == .deposited)
    #expect(try state(.init(expires: expired, renewalRequestShown: true)) == .accepted)
    let last = today.adding(days: -60)
    #expect(try state(.init(expires: last, renewalRequestShown: true)) == .accepted)
    let past = today.adding(days: -61)
    #expect(try state(.init(expires: past, renewalRequestShown: true)) == .deposited)
    for proof in [ResidencePermit.Proof.inProgress, .convocation] {
      #expect(
        try state(.init(expires: past, renewalRequestShown: true, proof: proof)) == .accepted)
      #expect(try state(.init(expires: past, proof: proof)) == .deposited)
    }
  }

  @Test("a deposited request is not issued until its documents come")
  func deposited() throws {
    let authority = try Workplace().authority()
    let past = today.adding(days: -90)
    let request = try authority.register(foreign(.init(expires: past, renewalRequestShown: true)))
    #expect(request.state == .deposited)
    #expect(request.missing.count == 1)
    let order = DeviceOrder(holderID: request.holderID, applicationID: request.id)
    #expect(rule { _ = try authority.order(order) } == .state)
    // Nor around the request.
    #expect(
      rule { _ = try authority.order(DeviceOrder(holderID: request.holderID)) }
        == .field("residencePermit"))
    let completed = try authority.complete(
      request, with: .init(expires: past, renewalRequestShown: true, proof: .convocation))
    #expect(completed.state == .accepted)
    _ = try authority.order(order)
    #expect(
      rule { _ = try authority.complete(completed, with: .init(expires: past)) } == .state)
  }

  @Test("Bergamo: a legal representative's first smart card is free, the second is not")
  func legalRepresentative() throws {
    let workplace = try Workplace()
    let authority = try workplace.authority()
    try authority.adopt(try Chambers.policy("bergamo"))
    func fee(_ change: (inout Application) -> Void = { _ in }) throws -> Money? {
      let registered = try authority.register(
        application {
          $0.chamber = "bergamo"
          $0.device = .smartCard
          $0.holder.companyRole = CompanyRole(company: "PROVA SRL", role: "legale rappresentante")
          $0.legalRepresentation = .init(companySeatedHere: true, annualFeePaid: true)
          change(&$0)
        })
      let order = DeviceOrder(
        holderID: registered.holderID, kind: .smartCard, applicationID: registered.id)
      return try authority.order(order).enrolment.fee?.total
    }
    #expect(try fee { $0.legalRepresentation?.annualFeePaid = false } == Money("25.00"))
    let other = try Workplace().authority()
    try other.adopt(try Chambers.policy("bergamo"))
    #expect(try fee() == Money("25.00"))  // it is not the first any more
    let fresh = try Workplace()
    let elsewhere = try fresh.authority()
    try elsewhere.adopt(try Chambers.policy("bergamo"))
    let registered = try elsewhere.register(
      application {
        $0.chamber = "bergamo"
        $0.device = .smartCard
        $0.holder.companyRole = CompanyRole(company: "PROVA SRL", role: "legale rappresentante")
        $0.legalRepresentation = .init(companySeatedHere: true, annualFeePaid: true)
      })
    let placed = try elsewhere.order(
      DeviceOrder(holderID: registered.holderID, kind: .smartCard, applicationID: registered.id))
    #expect(placed.enrolment.fee?.total == .zero)
  }
}
