import Cryptography
import FlashTesting
import Foundation
import ISO7816
import Issuance
import Terminal

@testable import Firmware
@testable import TokenHost

/// A personalised image, made once through command APDUs, and what the issuer knows of it.
struct IssuedImage {
  let bytes: [UInt8]
  let authenticationModulus: [UInt8]
  let signatureModulus: [UInt8]

  static let codes = ReferenceCodes(
    pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211")
  static let transportKey = [UInt8](repeating: 0x42, count: 16)
  static let identity = ChipIdentity(
    persona: .current, serial: [1, 2, 3, 4, 5, 6, 7, 8], transportKey: transportKey)
  static let personalData = (0..<400).map { UInt8(truncatingIfNeeded: $0 &* 7) }
  /// Bytes that look like a certificate as far as a card is concerned.
  static let certificate: [UInt8] =
    [0x30, 0x82, 0x03, 0x20] + (0..<800).map { UInt8(truncatingIfNeeded: $0 &* 13) }

  private static let issued = Result { try issue() }

  static func get() throws -> IssuedImage { try issued.get() }

  private static func issue() throws -> IssuedImage {
    let folder = try TemporaryFolder()
    let path = folder.path("token.nv")
    var moduli: [[UInt8]] = []
    do {
      let slot = try Slot(
        manufacturing: identity, at: path, randomness: .seeded(3, label: "issued image"))
      let issuer = try initialise(slot)
      for key in [KeySlot.authentication, .signature] {
        moduli.append(try issuer.generateKey(key).modulus)
        try issuer.writeCertificate(certificate, for: key)
      }
      try issuer.writeIdentity(cardNumber: "6090010000000001", personalData: personalData)
      try issuer.enter(.operational)
      slot.powerOff()
    }
    return IssuedImage(
      bytes: try folder.read("token.nv"), authenticationModulus: moduli[0],
      signatureModulus: moduli[1])
  }

  /// Powers a chip from the factory and leads it to where it is personalised.
  static func initialise(_ slot: Slot) throws -> CardIssuer {
    _ = try slot.powerOn()
    let issuer = CardIssuer(CardSession(slot))
    try issuer.initialise(transportKey: transportKey, codes)
    return issuer
  }
}

/// An issued token in a slot of its own, with power.
final class IssuedCard: PoweredCard {
  let folder: TemporaryFolder
  private(set) var slot: Slot?

  init() throws {
    folder = try TemporaryFolder()
    try folder.write(try IssuedImage.get().bytes, "token.nv")
    try reopen()
  }

  /// Closes the image: nobody uses it.
  func close() { slot = nil }

  /// Closes the image and opens it again, as another process would.
  func reopen() throws {
    slot = nil
    slot = try Slot.openingPatiently(
      folder.path("token.nv"), randomness: .seeded(9, label: "slot"))
    _ = try slot?.powerOn()
  }
}

extension Slot {
  /// Opens an image that somebody is about to let go: the lock of a killed process is gone with it,
  /// but perhaps not at once, and a child that another test is starting holds it until it executes
  /// its program.
  static func openingPatiently(_ path: String, randomness: Randomness = .system) throws -> Slot {
    for _ in 0..<250 {
      if let slot = try? Slot(opening: path, randomness: randomness) { return slot }
      usleep(20_000)
    }
    return try Slot(opening: path, randomness: randomness)
  }
}

/// An issued token on flash memory that can be watched and interrupted.
struct BareToken: ~Copyable {
  var token: Token<LibcryptoCoprocessor, HostileFlash>

  init(_ memory: consuming HostileFlash) throws(MountFailure) {
    var token = try Token(
      LibcryptoCoprocessor(randomness: .seeded(9, label: "bare")), memory: memory)
    _ = try token.powerOn()
    self.token = token
  }

  static func issuedMemory() throws -> HostileFlash {
    HostileFlash(pageSize: 4096, bytes: try IssuedImage.get().bytes)
  }

  /// Everything the flash memory holds now.
  var image: [UInt8] { token.store.memory.bytes }
  /// Everything that was done to it.
  var operations: [HostileFlash.Operation] { token.store.memory.operations }
  /// How many of these were done at each barrier.
  var barriers: [Int] { token.store.memory.barriers }

  /// The token as it comes up when power returns.
  func rebooted() throws -> BareToken {
    try BareToken(HostileFlash(pageSize: 4096, bytes: image))
  }

  mutating func send(_ hex: String) -> String { Hex.text(send(Hex.bytes(hex) ?? [])) }

  mutating func send(_ bytes: [UInt8]) -> [UInt8] {
    var reply: [UInt8] = []
    token.process(bytes.span, into: &reply)
    return reply
  }
}
