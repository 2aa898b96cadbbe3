import Foundation
import GRDB
import Testing

@testable import Authority

@Suite("Who asks writes nothing")
struct AskingTests {
  /// Everything in the books.
  private func dump(_ authority: Authority) throws -> [String] {
    try authority.store.read("dumping") { database in
      let tables = try String.fetchAll(
        database, sql: "SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
      return try tables.flatMap { table in
        try Row.fetchAll(database, sql: "SELECT rowid, * FROM \"\(table)\"").map {
          "\(table) \($0.description)"
        }
      }
    }
  }

  private func request(
    _ certificate: IssuedCertificate, _ workplace: Workplace
  ) throws -> [UInt8] {
    let file = workplace.file("request.der")
    _ = try openssl(
      "ocsp", "-issuer", workplace.file("ca/\(certificate.issuer).pem"), "-serial",
      "0x" + certificate.serialNumber, "-reqout", file)
    return [UInt8](try Data(contentsOf: URL(fileURLWithPath: file)))
  }

  @Test(
    "status, lists, answers, outbox, history: on days before, in and after it, nothing changes",
    arguments: ["0001-01-01", "2024-01-01", "2024-06-01", "2025-12-30", "2025-12-31", "2031-05-01"])
  func nothingIsWritten(day: String) throws {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(try Chambers.policy("cuneo"))
    let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
    clock.move(to: try #require(Day("2024-06-01")).start)
    try authority.suspend(device, by: .registrar("TEST official"))
    let certificates = try authority.certificates(of: device)
    let requests = try certificates.map { try request($0, workplace) }
    let before = try dump(authority)
    // A process of its own, as who asks has.
    let asked = try workplace.authority(at: .fixed(try #require(Day(day))))
    for name in asked.issuerNames {
      _ = try asked.revocationList(of: name)
      _ = try asked.deltaRevocationList(of: name)
      _ = try asked.certificate(ofIssuer: name)
    }
    for request in requests { _ = try asked.ocspResponse(to: request) }
    _ = try asked.status(of: device)
    _ = try asked.devices()
    _ = try asked.holder(device.holderID)
    _ = try asked.enrolments(of: device)
    _ = try asked.enrolmentsUnderWay()
    _ = try asked.events()
    _ = try asked.messages()
    _ = try asked.receipts(of: device)
    _ = try asked.applications()
    _ = try asked.policy(of: "cuneo")
    _ = try asked.historyGoesOn()
    _ = rule { _ = try asked.renewalOffer(for: device) }
    _ = rule { _ = try asked.remoteCredentials(accessToken: "guessed") }
    #expect(try dump(asked) == before)
    // A later question forbids no earlier deed.
    clock.move(to: try #require(Day("2024-06-02")).start)
    try authority.reactivate(device, by: .registrar("TEST official"))
  }

  @Test("an answer is right as of its day, run or not run, before and after it was recorded")
  func asOf() throws {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(try Chambers.policy("cuneo"))
    let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
    let official = Requester.registrar("TEST official")
    clock.move(to: try #require(Day("2024-06-01")).start)
    try authority.suspend(device, by: official)
    clock.move(to: try #require(Day("2024-06-10")).start)
    try authority.reactivate(device, by: official)
    let days: [(String, DeviceStatus)] = [
      ("2023-12-31", .inPreparation), ("2024-01-01", .active), ("2024-05-31", .active),
      ("2024-06-01", .suspended), ("2024-06-09", .suspended), ("2024-06-10", .active),
      ("2025-12-30", .active), ("2025-12-31", .signatureRevoked), ("2026-12-31", .signatureRevoked),
      ("2027-01-01", .expired),
    ]
    func expect(_ location: SourceLocation = #_sourceLocation) throws -> [RevocationList] {
      try days.flatMap { day, status in
        let asked = try workplace.authority(at: .fixed(try #require(Day(day))))
        #expect(try asked.status(of: device) == status, "\(day)", sourceLocation: location)
        return [
          try asked.revocationList(of: "a-qualified"),
          try asked.deltaRevocationList(of: "a-qualified"),
        ]
      }
    }
    let unrecorded = try expect()
    #expect(zip(unrecorded, unrecorded.dropFirst(2)).allSatisfy { $0.number <= $1.number })
    clock.move(to: try #require(Day("2026-03-01")).start)
    #expect(try authority.runDay().revoked.count == 1)
    // The day was run two months late, and no list of any day is another one for it.
    #expect(try expect() == unrecorded)
    clock.move(to: try #require(Day("2026-04-01")).start)
    try authority.revoke(device, because: .loss, by: official)
    let list = try workplace.write(
      try authority.revocationList(of: "a-qualified").der, "qualified.crl")
    let text = try openssl("crl", "-inform", "DER", "-in", list, "-noout", "-text").output
    #expect(text.contains("Dec 31 00:00:00 2025 GMT"), "\(text)")
  }

  @Test("what a device's last day passed over is dated on its day all the same")
  func expiredMeanwhile() throws {
    let workplace = try Workplace()
    let clock = MovableClock(try #require(Day("2024-01-01")).start)
    let authority = try workplace.authority(at: .moved(by: clock))
    try authority.adopt(try Chambers.policy("cuneo"))
    let device = try Fixture.issue(authority, chip: .cosmoV9, chamber: "cuneo")
    clock.move(to: try #require(Day("2030-01-01")).start)
    let due = try authority.revocationList(of: "a-qualified")
    #expect(try authority.runDay().revoked.map(\.revocation) == [nil])
    #expect(try authority.revocationList(of: "a-qualified") == due)
    let signature = try #require(
      try authority.certificates(of: device).last { $0.purpose == .qualifiedSignature })
    #expect(signature.revocation?.at == Day("2025-12-31")?.start)
  }
}
