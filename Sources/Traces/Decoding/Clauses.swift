import ISO7816

extension CommandAPDU {
  /// Where the standard says what an answer to this command follows from; nil for an instruction it
  /// does not have. Commands are cited by the title of their clause, whose number changed between
  /// the editions.
  static func clause(of command: LogicalCommand) -> String? {
    switch command.status.rawValue {
    case 0x6E00: "ISO/IEC 7816-4, 5.4.1 class byte"
    case 0x6881: "ISO/IEC 7816-4, 5.4.2 logical channels"
    case 0x6883, 0x6884: "ISO/IEC 7816-4, 5.3.3 command chaining"
    case 0x6D00: "ISO/IEC 7816-4, 5.5 instruction byte"
    default:
      command.ins == 0xC0
        ? "ISO/IEC 7816-4, 5.3.4 response chaining"
        : instructions[command.ins].map { "ISO/IEC 7816-\($0.part), \($0.name) command" }
    }
  }

  /// An instruction's name.
  static func name(ofInstruction ins: UInt8) -> String {
    instructions[ins]?.name ?? "instruction \(Hex.text([ins]))"
  }

  private static let instructions: [UInt8: (name: String, part: Int)] = [
    0xA4: ("SELECT", 4), 0xB0: ("READ BINARY", 4), 0xD6: ("UPDATE BINARY", 4),
    0xB2: ("READ RECORD", 4), 0xDC: ("UPDATE RECORD", 4), 0xE2: ("APPEND RECORD", 4),
    0xCA: ("GET DATA", 4), 0xDA: ("PUT DATA", 4), 0x88: ("INTERNAL AUTHENTICATE", 4),
    0x84: ("GET CHALLENGE", 4), 0x82: ("EXTERNAL AUTHENTICATE", 4), 0x20: ("VERIFY", 4),
    0x24: ("CHANGE REFERENCE DATA", 4), 0x2C: ("RESET RETRY COUNTER", 4),
    0x22: ("MANAGE SECURITY ENVIRONMENT", 4), 0xC0: ("GET RESPONSE", 4),
    0x46: ("GENERATE ASYMMETRIC KEY PAIR", 8), 0x2A: ("PERFORM SECURITY OPERATION", 8),
    0xE0: ("CREATE FILE", 9), 0xE4: ("DELETE FILE", 9), 0x04: ("DEACTIVATE FILE", 9),
    0x44: ("ACTIVATE FILE", 9), 0xE6: ("TERMINATE DF", 9), 0xE8: ("TERMINATE EF", 9),
  ]
}
