import Foundation
import Testing

@testable import Authority

@Suite("openssl agrees with the authority at every stage of a life")
struct LifeOracleTests {
  @Test("issued, suspended, reactivated, renewed, revoked, expired")
  func life() async throws {
    try await OnlineAuthority.run(from: Fixture.issueDay) { online in
      let authority = online.authority
      let personalisation = try Fixture.order(authority)
      try Fixture.certify(personalisation.enrolment, authority, keys: "first")
      let device = try authority.activate(personalisation.enrolment)
      let holder = Requester.holder(userCode: personalisation.scratchCard.userCode)
      let first = try authority.certificates(of: device)
      func expect(
        _ verdict: OnlineAuthority.Verdict, _ certificates: [IssuedCertificate]
      ) async throws {
        for certificate in certificates {
          #expect(try await online.verdict(on: certificate) == verdict)
        }
      }
      try await expect(.good, first)

      online.clock.advance(days: 10)
      try authority.suspend(device, by: holder)
      try await expect(.held, first)
      #expect(try authority.status(of: device) == .suspended)

      online.clock.advance(seconds: 600)
      try authority.reactivate(device, by: holder)
      try await expect(.good, first)
      #expect(try authority.status(of: device) == .active)

      online.clock.move(to: device.expiryDay.adding(days: -20).start + 3600)
      let renewal = try authority.renew(device)
      let second = try Fixture.certify(renewal, authority, keys: "second")
      try authority.activate(renewal)
      online.clock.advance(seconds: 60)
      try await expect(.revoked("superseded"), first)
      try await expect(.good, second)

      online.clock.advance(days: 30)
      // Its time is over too; the list keeps it (ExpiredCertsOnCRL).
      try await expect(.revoked("superseded"), first)
      try authority.suspend(device, by: .registrar("TEST official"))
      try await expect(.held, second)
      try authority.revoke(device, because: .theft, by: .registrar("TEST official"))
      try await expect(.revoked("keyCompromise"), second)
      #expect(try authority.status(of: device) == .revoked)
      #expect(rule { try authority.reactivate(device, by: holder) } == .state)
    }
  }

  @Test("a certificate that ends is expired, and not revoked")
  func expired() async throws {
    try await OnlineAuthority.run(from: Fixture.issueDay) { online in
      let device = try Fixture.issue(online.authority)
      let certificate = try #require(try online.authority.certificates(of: device).first)
      online.clock.move(to: device.expiryDay.start.addingTimeInterval(-60))
      #expect(try await online.verdict(on: certificate) == .good)
      online.clock.advance(seconds: 60)
      #expect(
        try await online.verdict(on: certificate)
          == .init(path: "certificate has expired", status: "good"))
      #expect(try online.authority.status(of: device) == .expired)
    }
  }

  @Test("delta lists complete an older full list, and take suspended certificates off it")
  func deltas() async throws {
    try await OnlineAuthority.run(from: Fixture.issueDay) { online in
      let authority = online.authority
      let device = try Fixture.issue(authority)
      let official = Requester.registrar("TEST official")
      let other = try Fixture.issue(authority, keys: "second")
      try authority.suspend(device, by: official)
      let full = try await online.download("/crl/a-cns.crl", to: "base.crl")
      let base = try authority.revocationList(of: "a-cns")
      online.clock.advance(seconds: 60)
      try authority.reactivate(device, by: official)
      try authority.revoke(other, because: .loss, by: official)
      let delta = try await online.download("/crl/a-cns-delta.crl", to: "delta.crl")
      let serials = try [device, other].map { device in
        try #require(
          try authority.certificates(of: device).first { $0.purpose == .cnsAuthentication }
        ).serialNumber
      }
      let fullText = try await online.openssl(
        "crl", "-inform", "DER", "-in", full, "-noout", "-text"
      )
      .output
      for part in [
        "X509v3 CRL Number: \n                \(base.number)", "X509v3 Freshest CRL",
        "/crl/a-cns-delta.crl", "Certificate Hold", serials[0], "X509v3 Authority Key Identifier",
      ] {
        #expect(fullText.contains(part), "\(part) in \(fullText)")
      }
      #expect(!fullText.contains(serials[1]))
      let deltaText = try await online.openssl(
        "crl", "-inform", "DER", "-in", delta, "-noout", "-text"
      )
      .output
      for part in [
        "X509v3 Delta CRL Indicator: critical",
        "X509v3 CRL Number: \n                \(base.number + 2)", "Remove From CRL", serials[0],
        serials[1], "Key Compromise",
      ] {
        #expect(deltaText.contains(part), "\(part) in \(deltaText)")
      }
      // It completes the base, and every other list that is still valid.
      let completed = try authority.deltaRevocationList(of: "a-cns").baseNumber
      #expect(try #require(completed) <= base.number)
      // The full list of the same number says the same without the delta's words.
      let next = try authority.revocationList(of: "a-cns")
      #expect(next.number == base.number + 2)
      #expect(!next.der.isEmpty)
      let nextFile = try online.workplace.write(next.der, "next.crl")
      let nextText = try await online.openssl(
        "crl", "-inform", "DER", "-in", nextFile, "-noout", "-text"
      )
      .output
      #expect(!nextText.contains(serials[0]))
      #expect(nextText.contains(serials[1]))
      // openssl puts base and delta together.
      let root = try PEM.certificate(authority.chain[0])
      let issuer = try PEM.certificate(authority.chain[1])
      let chain = try online.workplace.write(root + issuer, "chain.pem")
      var lists = ""
      for list in [full, delta] {
        lists += try await online.openssl("crl", "-inform", "DER", "-in", list).output
      }
      let listFile = try online.workplace.write(Array(lists.utf8), "lists.pem")
      for (device, expected) in [(device, "OK"), (other, "revoked")] {
        let certificate = try #require(
          try authority.certificates(of: device).first { $0.purpose == .cnsAuthentication })
        let file = try online.workplace.write(PEM.certificate(certificate.der), "subject.pem")
        let verified = try await online.openssl(
          "verify", "-crl_check", "-use_deltas", "-extended_crl", "-CAfile", chain, "-CRLfile",
          listFile, file)
        #expect(verified.output.contains(expected), "\(verified.output)")
      }
    }
  }

  @Test("a number is one list, for every process; it grows when something changes and with time")
  func publication() throws {
    let workplace = try Workplace()
    let clock = MovableClock(Fixture.issueDay.start)
    let authority = try workplace.authority(at: .moved(by: clock))
    let device = try Fixture.issue(authority)
    let first = try authority.revocationList(of: "a-cns")
    #expect(first.number == 1)
    clock.advance(seconds: 1800)
    #expect(try authority.revocationList(of: "a-cns") == first)
    let other = try workplace.authority(at: .moved(by: clock))
    #expect(try other.revocationList(of: "a-cns") == first)
    try authority.suspend(device, by: .registrar("TEST official"))
    let second = try authority.revocationList(of: "a-cns")
    #expect(second.number == first.number + 1)
    #expect(second.thisUpdate == clock.now)
    #expect(second.nextUpdate == second.thisUpdate.addingTimeInterval(86_400))
    // In one second, too, another list has another number.
    try authority.reactivate(device, by: .registrar("TEST official"))
    let undone = try authority.revocationList(of: "a-cns")
    #expect(undone.number == second.number + 1 && undone.thisUpdate == second.thisUpdate)
    var last = undone
    for _ in 0..<30 {
      clock.advance(seconds: 1999)
      for asked in [authority, other] {
        let list = try asked.revocationList(of: "a-cns")
        let delta = try asked.deltaRevocationList(of: "a-cns")
        #expect(list.number >= last.number)
        // RFC 5280, 5.2.3: another time, another number; and both lists share theirs.
        #expect((list.number == last.number) == (list == last))
        #expect(delta.number == list.number && delta.thisUpdate == list.thisUpdate)
        #expect(list.thisUpdate <= clock.now && clock.now < delta.nextUpdate)
        last = list
      }
    }
    clock.advance(days: 2)
    let third = try authority.revocationList(of: "a-cns")
    #expect(third.number > last.number)
    // Every list that is still valid has the delta list's base number, or a later one.
    clock.advance(seconds: 86_399)
    let base = try #require(try authority.deltaRevocationList(of: "a-cns").baseNumber)
    #expect(base <= third.number)
    #expect(rule { _ = try authority.revocationList(of: "b-cns") } == .unknown)
    #expect(rule { _ = try authority.revocationList(of: "nothing") } == .unknown)
  }
}
