import Cryptography
import Firmware
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

/// A chip as it comes from the factory, in memory.
func blankChip(seed: UInt64 = 1) -> Slot {
  Slot(
    volatile: ChipIdentity(
      persona: .current, serial: [1, 2, 3, 4, 5, 6, 7, 8],
      transportKey: [UInt8](repeating: 0x42, count: 16)),
    randomness: .seeded(seed, label: "test"))
}

@Suite("Personalisation by APDU") struct PersonalisationTests {
  let codes = ReferenceCodes(
    pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211")

  @Test("builds a card from an empty chip and signs with both keys")
  func wholeLife() throws {
    let slot = blankChip()
    _ = try slot.powerOn()
    let session = CardSession(slot)
    let issuer = CardIssuer(session)
    #expect(try issuer.state() == .manufactured)
    #expect(try issuer.chipSerial() == [1, 2, 3, 4, 5, 6, 7, 8])
    try issuer.initialise(transportKey: [UInt8](repeating: 0x42, count: 16), codes)
    for (key, pin) in [(KeySlot.authentication, codes.pin), (.signature, codes.signaturePIN)] {
      let (modulus, exponent) = try issuer.generateKey(key)
      #expect(modulus.count == 256)
      #expect(exponent == [1, 0, 1])
      let signature = try issuer.sign([1, 2, 3], with: key, pin: pin)
      #expect(signature.count == 256)
    }
    try issuer.enter(.operational)
    #expect(throws: CardError.self) { try issuer.enter(.personalised) }
  }
}
