import Authority
import Foundation
import Issuance
import Testing

@Suite("The chambers' policy files") struct AuthorityFileTests {
  private static let folder = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .appendingPathComponent("scenarios/policies").path

  private func policy(_ name: String) throws -> ChamberPolicy {
    try AuthorityFile.policy("\(Self.folder)/\(name).yaml")
  }

  @Test(
    "reproduce the fee tables: smart card, token, renewal online, at the counter",
    arguments: [
      ("lecce", ["25.00", "70.00", nil, nil]), ("bergamo", ["25.00", "70.00", "21.96", "7.00"]),
      ("cuneo", [nil, "70.00", "21.96", "21.64"]), ("roma", [nil, nil, nil, nil]),
    ] as [(String, [String?])])
  func fees(chamber: String, table: [String?]) throws {
    let fees = try policy(chamber).fees
    #expect(
      [fees.smartCard, fees.token, fees.renewalOnline, fees.renewalAtCounter].map {
        $0?.total.description
      } == table)
  }

  @Test("Bergamo's exceptions: free for a legal representative, EUR 7 for a returned device")
  func exceptions() throws {
    let bergamo = try policy("bergamo").fees
    #expect(bergamo.smartCardOfLegalRepresentative?.total == .zero)
    #expect(bergamo.chipReplacement?.total == Money("7.00"))
    #expect(try policy("cuneo").devices == [.token])
  }

  @Test(
    "name who certified before InfoCamere, and since when InfoCamere does",
    arguments: [
      ("lecce", Provider.arubaLike, "2020-11-25"), ("bergamo", .infoCertLike, "2020-12-18"),
      ("cuneo", .infoCertLike, "2021-01-29"), ("roma", .infoCertLike, "2021-01-29"),
    ])
  func providers(chamber: String, before: Provider, since: String) throws {
    let policy = try policy(chamber)
    let first = try #require(Day(since))
    #expect(policy.provider(on: first.adding(days: -1)) == before)
    #expect(policy.provider(on: first) == .infoCamereLike)
    // Rome also had Aruba.
    if chamber == "roma" { #expect(policy.providers.contains { $0.provider == .arubaLike }) }
  }

  @Test(
    "date what becomes of the chips; two disagree about June 2026",
    arguments: [
      ("lecce", "2026-06-26"), ("cuneo", "2026-06-26"), ("roma", "2026-06-26"),
      ("bergamo", "2026-06-29"),
    ])
  func chips(chamber: String, jsign3: String) throws {
    let policy = try policy(chamber)
    let cosmo = try #require(policy.rule(for: .cosmoV9))
    #expect(cosmo.renewalBlockedFrom.description == "2025-03-04")
    #expect(cosmo.signatureRevokedOn.description == "2025-12-31")
    #expect(cosmo.signatureRevocationFirstAnnounced?.description == "2025-04-15")
    let card = try #require(policy.rule(for: .jsign3))
    #expect(card.renewalBlockedFrom.description == "2025-03-12")
    #expect(card.signatureRevokedOn.description == jsign3)
    #expect(policy.rule(for: .current) == nil)
    #expect(policy.remoteSignatureFrom?.description == "2026-01-01")
    #expect(
      policy.eMailChangeForDevicesFrom?.description == (chamber == "cuneo" ? "2021-01-29" : nil))
  }

  @Test(
    "are refused where a key is misspelt at any depth, a value is wrong, or one is missing",
    arguments: [
      ("remoteSignatureFrom:", "remoteSignaturesFrom:", "unknown key \"remoteSignaturesFrom\""),
      ("    renewalBlockedFrom:", "    renewalBlocked:", "renewalBlockedFrom is missing"),
      ("chipReplacement:", "chipReplacment:", "unknown key \"chipReplacment\""),
      ("vat: 22", "vta: 22", "unknown key \"vta\""), ("25.00", "25,00", "written 25.00"),
      ("2026-06-29", "2026-06-31", "YYYY-MM-DD"), ("chamber: bergamo", "", "chamber is missing"),
      ("TEST - ", "", "says TEST"), ("infocamere-like", "infocamere", "provider"),
      ("2020-12-18", "2009-12-18", "does not come after"),
    ])
  func refused(old: String, new: String, words: String) throws {
    let text = try String(contentsOfFile: "\(Self.folder)/bergamo.yaml", encoding: .utf8)
    try #require(text.contains(old))
    let path = NSTemporaryDirectory() + "softdna-policy-" + UUID().uuidString + ".yaml"
    defer { try? FileManager.default.removeItem(atPath: path) }
    try text.replacingOccurrences(of: old, with: new).write(
      toFile: path, atomically: true, encoding: .utf8)
    do {
      _ = try AuthorityFile.policy(path)
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains(words), "\(error)")
    }
  }
}
