import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

@Suite("Power cuts at every write") struct TearingTests {
  let codes = ReferenceCodes(
    pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211")

  @Test("of PINs compared, changed and unblocked leave the old state or the new one")
  func codesOfAnIssuedCard() throws {
    let slot = blankChip(seed: 7)
    _ = try slot.powerOn()
    let issuer = CardIssuer(CardSession(slot))
    try issuer.initialise(transportKey: [UInt8](repeating: 0x42, count: 16), codes)

    let tearing = TearingSlot(slot, seed: 1)
    let card = CardSession(tearing)
    for code in ["00000000", codes.pin, "00000000"] { try? card.verify(0x10, code) }
    let change = CardSession.padded(codes.pin) + CardSession.padded("135790")
    _ = try card.command("change", ins: 0x24, p2: 0x10, data: change)
    let unblock = CardSession.padded(codes.puk) + CardSession.padded("24680")
    _ = try card.command("unblock", ins: 0x2C, p2: 0x10, data: unblock)
    try card.verify(0x10, "24680")
    try CardIssuer(card).enter(.operational)
    let report = tearing.report
    #expect(report.violations == [])
    #expect(report.commands == 7)
    #expect(report.cuts == report.writes * 4)
    #expect(report.cuts > 100)
    #expect(report.secondCuts > 0)
  }
}
