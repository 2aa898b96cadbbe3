import ISO7816
import Terminal

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
        : standardInstruction(command.ins).map { "ISO/IEC 7816-\($0.part), \($0.name) command" }
    }
  }

  /// An instruction's name.
  static func name(ofInstruction ins: UInt8) -> String {
    standardInstruction(ins)?.name ?? "instruction \(Hex.text([ins]))"
  }
}
