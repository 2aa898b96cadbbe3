/// Bytes as people write them: pairs of hexadecimal digits, with or without blanks and colons.
public enum Hex {
  /// The bytes a text spells, or nil where it holds anything but pairs of hexadecimal digits.
  ///
  /// Blanks, tabs, colons and an `0x` in front of a pair are skipped.
  public static func bytes(_ text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var high: UInt8?
    var needsPair = false
    for character in text.utf8 {
      switch character {
      case 0x20, 0x09, 0x0A, 0x0D, 0x3A:
        guard high == nil, !needsPair else { return nil }
      case 0x78, 0x58:
        guard high == 0, !needsPair else { return nil }
        high = nil
        needsPair = true
      default:
        guard let digit = digit(character) else { return nil }
        if let first = high {
          bytes.append(first << 4 | digit)
          high = nil
          needsPair = false
        } else {
          high = digit
        }
      }
    }
    return high == nil && !needsPair ? bytes : nil
  }

  /// Two upper-case digits a byte.
  public static func text(_ bytes: some Sequence<UInt8>, separator: String = "") -> String {
    var text: [UInt8] = []
    text.reserveCapacity(bytes.underestimatedCount * (2 + separator.utf8.count))
    for byte in bytes {
      if !text.isEmpty { text += separator.utf8 }
      text.append(character(byte >> 4))
      text.append(character(byte & 0x0F))
    }
    return String(decoding: text, as: UTF8.self)
  }

  private static func character(_ digit: UInt8) -> UInt8 {
    digit < 10 ? 0x30 + digit : 0x41 + digit - 10
  }

  private static func digit(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
