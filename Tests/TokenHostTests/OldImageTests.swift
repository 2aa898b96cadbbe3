import Cryptography
import Firmware
import Foundation
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

/// Images that earlier versions wrote must load for ever: each version of the format has its folder
/// in Tests/Images, and `facts.json` says what is in its images.
@Suite("Images of every format version") struct OldImageTests {
  private struct Facts: Codable {
    var pin: String
    var triesLeftOfPIN: Int
    var puk: String
    var signaturePIN: String
    var transportKey: String
    var serial: String
    var cardNumber: String
    /// By key identifier.
    var moduli: [String: String]
    var records: Int
  }

  private static var folder: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Images")
  }

  private static let versions = ["1"]

  /// A folder of its own for each new version is written once, with WRITE_IMAGES.
  @Test(.enabled(if: ProcessInfo.processInfo.environment["WRITE_IMAGES"] != nil))
  func write() throws {
    let issued = try IssuedImage.get()
    let card = try IssuedCard()
    #expect(try card.verify("10", "00000000") == "63C2")
    #expect(try card.change("1A", "11223344", to: "99887766") == "9000")
    let slot = try #require(card.slot)
    let version = slot.inventory.memory.formatVersion
    let target = Self.folder.appendingPathComponent("\(version)")
    try FileManager.default.createDirectory(at: target, withIntermediateDirectories: true)
    try Data(slot.image).write(to: target.appendingPathComponent("issued.nv"))
    let facts = Facts(
      pin: IssuedImage.codes.pin, triesLeftOfPIN: 2, puk: IssuedImage.codes.puk,
      signaturePIN: "99887766", transportKey: Hex.text(IssuedImage.transportKey),
      serial: Hex.text(IssuedImage.identity.serial), cardNumber: "6090010000000001",
      moduli: [
        "01": Hex.text(issued.authenticationModulus), "10": Hex.text(issued.signatureModulus),
      ], records: slot.inventory.memory.records)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
    try encoder.encode(facts).write(to: target.appendingPathComponent("facts.json"))
    let empty = Slot(volatile: IssuedImage.identity)
    try Data(empty.image).write(to: target.appendingPathComponent("empty.nv"))
  }

  private func facts(_ version: String) throws -> Facts {
    let file = Self.folder.appendingPathComponent("\(version)/facts.json")
    return try JSONDecoder().decode(Facts.self, from: try Data(contentsOf: file))
  }

  private func slot(_ name: String, _ version: String) throws -> Slot {
    let slot = try Slot(
      copying: Self.folder.appendingPathComponent("\(version)/\(name).nv").path)
    _ = try slot.powerOn()
    return slot
  }

  @Test("an issued token still does what it did", arguments: versions)
  func issued(version: String) throws {
    let facts = try facts(version)
    let slot = try slot("issued", version)
    let card = CardSession(slot)
    let issuer = CardIssuer(card)
    #expect(slot.inventory.lifeCycle == .operational)
    #expect(slot.inventory.memory.records == facts.records)
    #expect(try issuer.cardNumber() == facts.cardNumber)
    #expect(Hex.text(try issuer.chipSerial()) == facts.serial)
    let tries = try card.send(ins: 0x20, p2: 0x10).status.triesLeft
    #expect(tries.map(Int.init) == facts.triesLeftOfPIN)
    for (key, pin) in [
      (KeySlot.authentication, facts.pin), (.signature, facts.signaturePIN),
    ] {
      let signature = try issuer.sign([1, 2, 3], with: key, pin: pin)
      let modulus = try #require(facts.moduli[Hex.text([key.key])].flatMap(Hex.bytes))
      let block = try PrivateKeyTests.applyPublicKey(modulus, to: signature)
      #expect(block.suffix(32) == Digest.sha256([1, 2, 3])[...])
      #expect(try issuer.readCertificate(of: key) == IssuedImage.certificate)
    }
    let unblock = CardSession.padded(facts.puk) + CardSession.padded("24682468")
    _ = try card.command("unblock", ins: 0x2C, p2: 0x10, data: unblock)
    try card.verify(0x10, "24682468")
    try issuer.authenticate(transportKey: try #require(Hex.bytes(facts.transportKey)))
  }

  @Test("an empty chip can still be issued", arguments: versions)
  func empty(version: String) throws {
    let facts = try facts(version)
    let slot = try slot("empty", version)
    let issuer = CardIssuer(CardSession(slot))
    #expect(try issuer.state() == .manufactured)
    #expect(Hex.text(try issuer.chipSerial()) == facts.serial)
    try issuer.initialise(
      transportKey: try #require(Hex.bytes(facts.transportKey)), IssuedImage.codes)
    try issuer.enter(.operational)
  }
}
