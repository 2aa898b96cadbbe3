import Foundation
import Testing

@testable import Authority

@Suite("The rules of domain.md: the life of a device")
struct LifeRuleTests {
  private let official = Requester.registrar("TEST official")

  /// A device of a chamber and the clock it lives by.
  private func device(
    _ policy: ChamberPolicy, on day: String, chip: Chip = .current, kind: DeviceKind = .token,
    keys: String = "first"
  ) throws -> (Authority, MovableClock, Device, ScratchCard, Workplace) {
    let clock = MovableClock(try #require(Day(day)).start)
    let workplace = try Workplace()
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(policy)
    let placed = try Fixture.order(authority, chip: chip, kind: kind, chamber: policy.chamber)
    try Fixture.certify(placed.enrolment, authority, keys: keys)
    return (
      authority, clock, try authority.activate(placed.enrolment), placed.scratchCard, workplace
    )
  }

  @Test(
    "who certifies follows from chamber and day of issue, and alone may suspend and revoke",
    arguments: [
      ("lecce", Provider.arubaLike, "2020-11-25"), ("bergamo", .infoCertLike, "2020-12-18"),
      ("cuneo", .infoCertLike, "2021-01-29"),
    ])
  func provider(chamber: String, before: Provider, since: String) throws {
    let first = try #require(Day(since))
    let policy = try Chambers.policy(chamber, before: before, since: since)
    let (authority, _, device, _, workplace) = try device(
      policy, on: first.adding(days: -1).description)
    #expect(device.provider == before)
    #expect(
      try authority.certificates(of: device).map(\.issuer) == [
        "\(before.letter.lowercased())-cns", "\(before.letter.lowercased())-qualified",
      ])
    for operation in [
      { try authority.suspend(device, by: official, at: .infoCamereLike) },
      { try authority.reactivate(device, by: official, at: .infoCamereLike) },
      { try authority.revoke(device, because: .loss, by: official, at: .infoCamereLike) },
    ] { #expect(rule { _ = try operation() } == .provider(before)) }
    try authority.suspend(device, by: official, at: before)
    // Another process finds the CAs that were made meanwhile.
    let later = try Authority(directory: workplace.path, clock: .fixed(first))
    #expect(try later.status(of: device) == .suspended)
    let next = try Fixture.order(later, chamber: chamber)
    #expect(next.device.provider == .infoCamereLike)
  }

  @Test("suspension takes the user code; five wrong ones lock it, each counted")
  func userCode() throws {
    let (authority, _, device, card, workplace) = try device(.test, on: "2026-02-16")
    for left in [4, 3] {
      #expect(
        rule { try authority.suspend(device, by: .holder(userCode: "0")) }
          == .userCode(triesLeft: left))
    }
    // A right one starts the count anew.
    try authority.suspend(device, by: .holder(userCode: card.userCode))
    for left in [4, 3, 2, 1, 0] {
      let again = try Authority(directory: workplace.path, clock: authority.clock)
      #expect(
        rule { try again.reactivate(device, by: .holder(userCode: "0")) }
          == .userCode(triesLeft: left))
    }
    #expect(
      rule { try authority.reactivate(device, by: .holder(userCode: card.userCode)) }
        == .userCode(triesLeft: 0))
    #expect(try authority.events(of: device).filter { $0.kind == "user-code-wrong" }.count == 7)
    try authority.reactivate(device, by: official)
    #expect(try authority.status(of: device) == .active)
  }

  @Test("suspension is reversible, revocation is final", arguments: RevocationCause.allCases)
  func revocation(cause: RevocationCause) throws {
    let (authority, clock, device, _, _) = try device(.test, on: "2026-02-16")
    #expect(rule { try authority.reactivate(device, by: official) } == .state)
    try authority.suspend(device, by: official)
    #expect(rule { try authority.suspend(device, by: official) } == .state)
    #expect(rule { _ = try authority.renew(device) } != nil)
    let held = clock.now
    clock.advance(days: 3)
    try authority.revoke(device, because: cause, by: official)
    let reason: RevocationReason =
      switch cause {
      case .loss, .theft: .keyCompromise
      case .breakage, .involuntaryBlock: .cessationOfOperation
      case .dataChange: .affiliationChanged
      }
    for certificate in try authority.certificates(of: device) {
      // It was not good since its suspension.
      #expect(certificate.revocation == Revocation(at: held, reason: reason))
    }
    #expect(rule { try authority.revoke(device, because: cause, by: official) } == .state)
    #expect(rule { try authority.reactivate(device, by: official) } == .state)
    #expect(
      try authority.receipts(of: device).map(\.operation) == [
        .issuance, .suspension, .revocation,
      ])
  }

  @Test("time goes forward only: nothing is recorded on a day before the last that was recorded")
  func forwardOnly() throws {
    let (authority, clock, device, scratchCard, _) = try device(.test, on: "2026-02-16")
    let last = try #require(Day("2026-03-01"))
    clock.move(to: last.start)
    try authority.suspend(device, by: official)
    let events = try authority.events(of: device)
    for (earlier, status) in [
      ("2026-02-28", DeviceStatus.active), ("2025-02-16", .inPreparation),
      ("0001-01-01", .inPreparation),
    ] {
      clock.move(to: try #require(Day(earlier)).start)
      let wrong = Requester.holder(userCode: scratchCard.userCode + "0")
      #expect(rule { try authority.reactivate(device, by: official) } == .clock(last: last))
      #expect(rule { try authority.reactivate(device, by: wrong) } == .clock(last: last))
      #expect(rule { _ = try authority.runDay() } == .clock(last: last))
      #expect(rule { _ = try authority.register(Holder.fictitious) } != nil)
      // Who only asks is told what was so on that day.
      #expect(try authority.status(of: device) == status)
    }
    #expect(try authority.events(of: device) == events)
    // The same day at an earlier hour is no other day, and no try of the user code was spent.
    clock.move(to: last.start)
    for left in [4, 3] {
      #expect(
        rule { try authority.reactivate(device, by: .holder(userCode: "")) }
          == .userCode(triesLeft: left))
    }
    try authority.reactivate(device, by: official)
  }

  @Test("an e-mail announces the coming expiry, once, in the outbox and as a file")
  func notice() throws {
    let (authority, clock, device, _, workplace) = try device(.test, on: "2026-02-16")
    clock.move(to: device.expiryDay.adding(days: -91).start)
    #expect(try authority.runDay().messages.isEmpty)
    clock.advance(days: 1)
    let notice = try #require(try authority.runDay().messages.first)
    #expect(notice.kind == .expiry)
    #expect(notice.recipient == "nessuna.prova@softdna.invalid")
    #expect(notice.body.contains("You can renew it once, until 2029-02-15"))
    let file = workplace.file("outbox/\(notice.fileName)")
    let text = try String(contentsOfFile: file, encoding: .utf8)
    #expect(text.contains("\r\nTo: <nessuna.prova@softdna.invalid>\r\n"))
    #expect(text.contains("\r\nSubject: TEST - Your device expires on 2029-02-16\r\n"))
    // A file that was lost comes again; the message does not.
    try FileManager.default.removeItem(atPath: file)
    clock.advance(days: 1)
    #expect(try authority.runDay().messages.isEmpty)
    #expect(FileManager.default.fileExists(atPath: file))
    #expect(try authority.messages().count == 1)
  }

  @Test("change of e-mail: online, for devices issued from 29.01.2021 (Cuneo)")
  func eMail() throws {
    let policy = try Chambers.policy("cuneo", since: "2021-01-29")
    let (early, _, old, _, _) = try device(policy, on: "2021-01-28")
    #expect(
      rule { try early.changeEMail(of: old, to: "a@softdna.invalid", by: official) }
        == .policy("eMailChangeForDevicesFrom"))
    let (authority, clock, device, card, _) = try device(policy, on: "2021-01-29")
    #expect(
      rule { try authority.changeEMail(of: device, to: "nobody", by: official) } == .field("eMail"))
    try authority.changeEMail(
      of: device, to: "new@softdna.invalid", by: .holder(userCode: card.userCode))
    clock.move(to: device.expiryDay.adding(days: -5).start)
    #expect(try authority.runDay().messages.map(\.recipient) == ["new@softdna.invalid"])
  }

  @Test("a defective device is replaced free of charge within two years, not after misuse")
  func defect() throws {
    let (authority, clock, device, _, _) = try device(
      try Chambers.policy("lecce", before: .arubaLike), on: "2024-05-10")
    #expect(
      rule { _ = try authority.replace(device, because: .misuse, by: "T") }
        == .policy("defectReplacement"))
    let last = try #require(Day("2026-05-10"))
    clock.move(to: last.adding(days: 1).start)
    #expect(
      rule { _ = try authority.replace(device, because: .defect, by: "T") }
        == .window(first: device.issueDay, last: last))
    clock.move(to: last.start)
    let interrupted = try authority.replace(device, because: .defect, by: "TEST official")
    let placed = try authority.replace(device, because: .defect, by: "TEST official")
    #expect(try authority.device(interrupted.device.cardNumber).state == .abandoned)
    #expect(placed.device.replaces == device.id)
    try Fixture.certify(placed.enrolment, authority, keys: "second")
    let new = try authority.activate(placed.enrolment)
    #expect(try authority.receipts(of: new).map(\.total) == [.zero])
    #expect(try authority.receipts(of: new).map(\.operation) == [.replacement])
    #expect(try authority.status(of: device) == .revoked)
    #expect(
      rule { _ = try authority.replace(device, because: .involuntaryBlock, by: "T") } == .state)
  }

  @Test("a device blocked for good is revoked, and replaced at the full price")
  func block() throws {
    let (authority, _, device, _, _) = try device(
      try Chambers.policy("lecce", before: .arubaLike), on: "2024-05-10")
    try authority.revoke(device, because: .involuntaryBlock, by: official)
    let placed = try authority.replace(device, because: .involuntaryBlock, by: "TEST official")
    #expect(placed.enrolment.fee?.total == Money("70.00"))
    let ordered = try authority.events(of: device).last { $0.kind == "replacement-ordered" }
    #expect(ordered?.detail["cause"] == "involuntary-block")
  }

  @Test(
    "renewal costs what the chamber says of the channel", arguments: [Channel.online, .counter])
  func renewalFee(channel: Channel) throws {
    let (authority, clock, device, _, _) = try device(
      try Chambers.policy("cuneo", since: "2021-01-29"), on: "2024-05-10")
    clock.move(to: device.expiryDay.adding(days: -1).start)
    let renewal = try authority.renew(device, over: channel)
    try Fixture.certify(renewal, authority, keys: "second")
    try authority.activate(renewal)
    let receipts = try authority.receipts(of: device)
    #expect(receipts.map(\.number) == ["TEST-CUNEO-2024-000001", "TEST-CUNEO-2027-000001"])
    #expect(
      receipts.map(\.total) == [Money("70.00"), Money(channel == .online ? "21.96" : "21.64")])
  }
}
