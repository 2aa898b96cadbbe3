import ISO7816
import Terminal

/// Which commands of a trace may be sent to a card that is somebody's (docs/decisions/0034).
enum ReplaySafety {
  /// What a command does to what the card keeps.
  enum Effect {
    /// Nothing: what it changes is gone with the next reset.
    case read
    case write
    /// Nobody knows: it is of a proprietary class, encrypted, or not in the list.
    case unknown
  }

  static func effect(of command: [UInt8]) -> Effect {
    guard command.count >= 4 else { return .unknown }
    let (cla, ins, p1) = (command[0], command[1], command[2])
    guard cla & 0x80 == 0, !CommandAPDU.usesSecureMessaging(class: cla) else { return .unknown }
    if writing.contains(ins) { return .write }
    switch ins {
    // VERIFY, EXTERNAL AUTHENTICATE, GET CHALLENGE, INTERNAL AUTHENTICATE, PERFORM SECURITY
    // OPERATION, SELECT, SELECT DATA.
    case 0x20, 0x21, 0x82, 0x84, 0x88, 0x2A, 0x2B, 0xA4, 0xA5: return .read
    // READ BINARY, READ RECORD, SEARCH, COMPARE.
    case 0xB0, 0xB1, 0xB2, 0xB3, 0xA0, 0xA1, 0xA2, 0x33: return .read
    // GET RESPONSE, GET DATA, GET NEXT DATA, GET ATTRIBUTE, MANAGE CHANNEL.
    case 0xC0, 0xCA, 0xCB, 0xCC, 0xCD, 0x34, 0x35, 0x70: return .read
    // MANAGE SECURITY ENVIRONMENT: SET and RESTORE; STORE and ERASE change the card.
    case 0x22: return p1 & 0x0F == 0x01 || p1 & 0x0F == 0x03 ? .read : .write
    // GENERATE ASYMMETRIC KEY PAIR: P1 81 reads the public key there is.
    case 0x46, 0x47: return p1 == 0x81 ? .read : .write
    default: return .unknown
    }
  }

  /// Whether a code, a cryptogram or a template was wrong at the time: it would cost a try again.
  static func spendsTry(_ command: [UInt8], answered status: [UInt8]) -> Bool {
    guard command.count >= 2, status.count == 2 else { return false }
    // 63Cx counts tries, 6983 says that there are none.
    if status[0] == 0x63, status[1] & 0xF0 == 0xC0 { return true }
    if status == [0x69, 0x83] { return true }
    let isVerification = [0x20, 0x21, 0x82].contains(command[1])
    return isVerification && command.count > 5 && status != [0x90, 0x00]
  }

  /// Instructions that change what the card keeps.
  private static let writing: Set<UInt8> = [
    0x04, 0x06, 0x08, 0x0C, 0x0E, 0x0F, 0x24, 0x25, 0x26, 0x28, 0x2C, 0x2D, 0x44, 0xCF, 0xD0, 0xD1,
    0xD2, 0xD3, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xDB, 0xDC, 0xDD, 0xDE, 0xDF, 0xE0, 0xE2, 0xE4, 0xE6,
    0xE8, 0xEA, 0xEC, 0xEE, 0xFE,
  ]
}
