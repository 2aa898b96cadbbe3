public import ISO7816

extension CommandAPDU {
  /// An instruction of ISO/IEC 7816 by its name, and the part that describes it; nil for any other.
  ///
  /// Bit 1 of most instructions says that the data are BER-TLV coded; those that have no such form
  /// are not named with it.
  public static func standardInstruction(_ ins: UInt8) -> (name: String, part: Int)? {
    instructions[ins]
  }

  private static let instructions: [UInt8: (name: String, part: Int)] = [
    0x04: ("DEACTIVATE FILE", 9), 0x06: ("DEACTIVATE RECORD", 9), 0x08: ("ACTIVATE RECORD", 9),
    0x0C: ("ERASE RECORD", 4), 0x0E: ("ERASE BINARY", 4), 0x0F: ("ERASE BINARY", 4),
    0x10: ("PERFORM SCQL OPERATION", 7), 0x12: ("PERFORM TRANSACTION OPERATION", 7),
    0x14: ("PERFORM USER OPERATION", 7), 0x20: ("VERIFY", 4), 0x21: ("VERIFY", 4),
    0x22: ("MANAGE SECURITY ENVIRONMENT", 4), 0x24: ("CHANGE REFERENCE DATA", 4),
    0x25: ("CHANGE REFERENCE DATA", 4), 0x26: ("DISABLE VERIFICATION REQUIREMENT", 4),
    0x28: ("ENABLE VERIFICATION REQUIREMENT", 4), 0x2A: ("PERFORM SECURITY OPERATION", 8),
    0x2B: ("PERFORM SECURITY OPERATION", 8), 0x2C: ("RESET RETRY COUNTER", 4),
    0x2D: ("RESET RETRY COUNTER", 4), 0x2E: ("PERFORM BIOMETRIC OPERATION", 11),
    0x2F: ("PERFORM BIOMETRIC OPERATION", 11), 0x33: ("COMPARE", 4), 0x34: ("GET ATTRIBUTE", 4),
    0x35: ("GET ATTRIBUTE", 4), 0x40: ("APPLICATION MANAGEMENT REQUEST", 13),
    0x41: ("APPLICATION MANAGEMENT REQUEST", 13), 0x44: ("ACTIVATE FILE", 9),
    0x46: ("GENERATE ASYMMETRIC KEY PAIR", 8), 0x47: ("GENERATE ASYMMETRIC KEY PAIR", 8),
    0x70: ("MANAGE CHANNEL", 4), 0x82: ("EXTERNAL AUTHENTICATE", 4), 0x84: ("GET CHALLENGE", 4),
    0x86: ("GENERAL AUTHENTICATE", 4), 0x87: ("GENERAL AUTHENTICATE", 4),
    0x88: ("INTERNAL AUTHENTICATE", 4), 0xA0: ("SEARCH BINARY", 4), 0xA1: ("SEARCH BINARY", 4),
    0xA2: ("SEARCH RECORD", 4), 0xA4: ("SELECT", 4), 0xA5: ("SELECT DATA", 4),
    0xB0: ("READ BINARY", 4), 0xB1: ("READ BINARY", 4), 0xB2: ("READ RECORD", 4),
    0xB3: ("READ RECORD", 4), 0xC0: ("GET RESPONSE", 4), 0xC2: ("ENVELOPE", 4),
    0xC3: ("ENVELOPE", 4), 0xCA: ("GET DATA", 4), 0xCB: ("GET DATA", 4),
    0xCC: ("GET NEXT DATA", 4), 0xCD: ("GET NEXT DATA", 4), 0xCF: ("MANAGE DATA", 9),
    0xD0: ("WRITE BINARY", 4), 0xD1: ("WRITE BINARY", 4), 0xD2: ("WRITE RECORD", 4),
    0xD3: ("WRITE RECORD", 4), 0xD6: ("UPDATE BINARY", 4), 0xD7: ("UPDATE BINARY", 4),
    0xD8: ("PUT NEXT DATA", 4), 0xD9: ("PUT NEXT DATA", 4), 0xDA: ("PUT DATA", 4),
    0xDB: ("PUT DATA", 4), 0xDC: ("UPDATE RECORD", 4), 0xDD: ("UPDATE RECORD", 4),
    0xDE: ("UPDATE DATA", 4), 0xDF: ("UPDATE DATA", 4), 0xE0: ("CREATE FILE", 9),
    0xE2: ("APPEND RECORD", 4), 0xE4: ("DELETE FILE", 9), 0xE6: ("TERMINATE DF", 9),
    0xE8: ("TERMINATE EF", 9), 0xEA: ("LOAD APPLICATION", 13),
    0xEC: ("REMOVE APPLICATION", 13), 0xEE: ("DELETE DATA", 9), 0xFE: ("TERMINATE CARD USAGE", 9),
  ]

  /// The class says that the command goes over secure messaging: what it carries is encrypted or
  /// authenticated data objects, not what the same instruction carries in clear (ISO/IEC 7816-4,
  /// 5.4.1).
  public static func usesSecureMessaging(class cla: UInt8) -> Bool {
    switch cla >> 5 {
    case 0: cla & 0x0C != 0
    // Logical channels 4 to 19.
    case 2, 3: cla & 0x20 != 0
    default: false
    }
  }
}
