import Cryptography
import Firmware
import FlashTesting
import ISO7816
import Issuance
import Terminal
import TokenHost

/// The token on Linux, opened from an image file as the chip's flash is filled from it.
struct Host {
  /// The answers; the first is the ATR of the first power-on.
  let replies: [[UInt8]]
  /// What the image file holds afterwards.
  let flash: [UInt8]

  static let transportKey = [UInt8](repeating: 0x42, count: 16)

  /// Lets the token in `flash` answer.
  init(flash: [UInt8], _ steps: [Step]) throws {
    let folder = try TemporaryFolder()
    try folder.write(flash, "token.nv")
    var replies: [[UInt8]] = []
    do {
      let slot = try Slot(
        opening: folder.path("token.nv"), randomness: .seeded(9, label: "token on the host"))
      replies.append(try slot.powerOn().bytes)
      for step in steps {
        switch step {
        case .reset: replies.append(try slot.reset().bytes)
        case .command(let bytes): replies.append(try slot.transmit(bytes))
        case .proof:
          let challenge = Array(replies[replies.count - 1].dropLast(2))
          replies.append(try slot.transmit(Step.authentication(challenge)))
        }
      }
      slot.powerOff()
    }
    self.replies = replies
    self.flash = try folder.read("token.nv")
  }

  /// The flash of an issued token, made once through command APDUs.
  static func issuedFlash() throws -> [UInt8] { try issued.get() }

  private static let issued = Result {
    let folder = try TemporaryFolder()
    do {
      let slot = try Slot(
        manufacturing: ChipIdentity(
          persona: .current, serial: [1, 2, 3, 4, 5, 6, 7, 8], transportKey: transportKey),
        at: folder.path("token.nv"), randomness: .seeded(3, label: "token for a chip"))
      _ = try slot.powerOn()
      let issuer = CardIssuer(CardSession(slot))
      try issuer.initialise(
        transportKey: transportKey,
        ReferenceCodes(
          pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211"))
      let body = (0..<800).map { UInt8(truncatingIfNeeded: $0 &* 7) }
      for key in [KeySlot.authentication, .signature] {
        _ = try issuer.generateKey(key)
        try issuer.writeCertificate([0x30, 0x82, 0x03, 0x20] + body, for: key)
      }
      try issuer.writeIdentity(
        cardNumber: "6090010000000001", personalData: Array(body.prefix(400)))
      try issuer.enter(.operational)
      slot.powerOff()
    }
    return try folder.read("token.nv")
  }
}

/// One thing that is done to both tokens.
enum Step {
  case command([UInt8])
  case reset
  /// EXTERNAL AUTHENTICATE: the issuer's answer to the challenge the token gave just now.
  case proof

  /// Steps from command APDUs in hexadecimal, `reset` and `proof`.
  static func parse(_ lines: [String]) -> [Step] {
    lines.map { line in
      switch line {
      case "reset": .reset
      case "proof": .proof
      default: .command(Hex.bytes(line) ?? [])
      }
    }
  }

  /// The lines for the chip, whose first challenges these are.
  static func lines(_ steps: [Step], challenges: [[UInt8]] = []) -> [String] {
    var asked = 0
    return steps.map { step in
      switch step {
      case .reset: return "reset"
      case .command(let bytes):
        if bytes.starts(with: [0x00, 0x84, 0x00, 0x00]) { asked += 1 }
        return Hex.text(bytes)
      case .proof:
        return Hex.text(asked <= challenges.count ? authentication(challenges[asked - 1]) : [])
      }
    }
  }

  static func authentication(_ challenge: [UInt8]) -> [UInt8] {
    let code = MessageAuthentication.aesCMAC(of: challenge.span, key: Host.transportKey.span)
    return [0x00, 0x82, 0x00, ChipIdentity.issuerReference, 0x10] + code
  }
}
