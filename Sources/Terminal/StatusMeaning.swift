public import ISO7816

extension StatusWord {
  /// Four hexadecimal digits.
  public var text: String { Hex.text([sw1, sw2]) }

  /// What the status word says, in words (ISO/IEC 7816-4, 5.6).
  public var meaning: String {
    if let known = Self.meanings[rawValue] { return known }
    if let triesLeft {
      return triesLeft == 1 ? "not verified; 1 try left" : "not verified; \(triesLeft) tries left"
    }
    return switch sw1 {
    case 0x61: "\(sw2 == 0 ? "256 or more" : "\(sw2)") bytes wait for GET RESPONSE"
    case 0x62: "warning; memory unchanged"
    case 0x63: "warning; memory changed"
    case 0x64: "execution error; memory unchanged"
    case 0x65: "execution error; memory changed"
    case 0x66: "security error"
    case 0x67: "wrong length"
    case 0x68: "function in the class byte not supported"
    case 0x69: "command not allowed"
    case 0x6A: "wrong parameters"
    case 0x6C: "wrong Le; \(sw2 == 0 ? 256 : Int(sw2)) would be right"
    default: "unknown status word"
    }
  }

  /// Every status word that has a sentence of its own.
  public static let withMeaning: [StatusWord] = meanings.keys.sorted().map {
    StatusWord(sw1: UInt8($0 >> 8), sw2: UInt8($0 & 0xFF))
  }

  private static let meanings: [UInt16: String] = [
    0x9000: "success",
    0x6282: "end of file reached before Ne bytes were read",
    0x6283: "selected file deactivated",
    0x6285: "selected file terminated",
    0x6300: "authentication failed",
    0x6581: "memory failure",
    0x6700: "wrong length",
    0x6881: "logical channel not supported",
    0x6882: "secure messaging not supported",
    0x6883: "last command of the chain expected",
    0x6884: "command chaining not supported",
    0x6981: "command does not fit the file's structure",
    0x6982: "security status not satisfied",
    0x6983: "blocked: no tries left",
    0x6984: "reference data not usable",
    0x6985: "conditions of use not satisfied",
    0x6986: "no current file",
    0x6A80: "incorrect data field",
    0x6A81: "function not supported",
    0x6A82: "file or application not found",
    0x6A83: "record not found",
    0x6A84: "not enough memory",
    0x6A85: "length does not agree with the TLV structure",
    0x6A86: "incorrect P1-P2",
    0x6A87: "length does not agree with P1-P2",
    0x6A88: "referenced data not found",
    0x6A89: "file or object exists already",
    0x6B00: "offset outside the file",
    0x6D00: "instruction not supported",
    0x6E00: "class not supported",
    0x6F00: "no precise diagnosis",
  ]
}
