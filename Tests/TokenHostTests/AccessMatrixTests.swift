import Cryptography
import Foundation
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

@Suite("The access matrix") struct AccessMatrixTests {
  private static var file: URL {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("docs/access-matrix.md")
  }

  /// An issued card in the state, with this status and no other.
  private static func card(_ status: AccessMatrix.Status) throws -> Slot {
    let slot = Slot(
      volatile: IssuedImage.identity, randomness: .seeded(3, label: "access matrix"))
    let issuer = try IssuedImage.initialise(slot)
    for key in [KeySlot.authentication, .signature] { _ = try issuer.generateKey(key) }
    if status.state == .operational { try issuer.enter(.operational) }
    _ = try slot.reset()
    let codes = IssuedImage.codes
    let session = CardSession(slot)
    switch status.verified {
    case nil: break
    case 0x10: try session.verify(0x10, codes.pin)
    case 0x11: try session.verify(0x11, codes.puk)
    case 0x1A: try session.verify(0x1A, codes.signaturePIN)
    case 0x1B: try session.verify(0x1B, codes.signaturePUK)
    default: try CardIssuer(session).authenticate(transportKey: IssuedImage.transportKey)
    }
    return slot
  }

  @Test("is the one in the documentation")
  func documentation() throws {
    let matrix = AccessMatrix(try Self.card(AccessMatrix.statuses[0]).inventory)
    if ProcessInfo.processInfo.environment["WRITE_ACCESS_MATRIX"] != nil {
      try matrix.text.write(to: Self.file, atomically: true, encoding: .utf8)
    }
    let written = try String(contentsOf: Self.file, encoding: .utf8)
    #expect(
      written == matrix.text, "docs/access-matrix.md is not what the card says: make access-matrix")
  }

  @Test("is what a token answers, in every cell", arguments: AccessMatrix.statuses.indices)
  func cells(column: Int) throws {
    let status = AccessMatrix.statuses[column]
    let card = try Self.card(status)
    let rows = AccessMatrix(card.inventory).rows
    for row in rows {
      let copy = Slot(copying: card, supply: PowerSupply())
      let answer = try row.send(CardSession(copy))
      #expect(answer == row.expected(status), "\(row.object), \(row.command), \(status)")
    }
    #expect(rows.count > 190)
  }
}
