/// How a text file spells its characters: logs of Windows programs and redirections of its shell are
/// often UTF-16.
enum TextEncoding {
  case utf8
  case utf16LittleEndian
  case utf16BigEndian

  /// The encoding its first bytes tell; a byte order mark is taken away.
  init(ofTextBeginningWith bytes: inout [UInt8]) {
    if bytes.starts(with: [0xFF, 0xFE]) {
      bytes.removeFirst(2)
      self = .utf16LittleEndian
    } else if bytes.starts(with: [0xFE, 0xFF]) {
      bytes.removeFirst(2)
      self = .utf16BigEndian
    } else if bytes.starts(with: [0xEF, 0xBB, 0xBF]) {
      bytes.removeFirst(3)
      self = .utf8
    } else if bytes.count >= 4, bytes[0] != 0, bytes[1] == 0, bytes[2] != 0, bytes[3] == 0 {
      self = .utf16LittleEndian
    } else if bytes.count >= 4, bytes[0] == 0, bytes[1] != 0, bytes[2] == 0, bytes[3] != 0 {
      self = .utf16BigEndian
    } else {
      self = .utf8
    }
  }

  /// The bytes as UTF-8, and what is left over of a character that is not whole. Each half of a
  /// surrogate pair becomes a question mark: nothing that is looked for in a log is written so.
  func utf8(_ bytes: [UInt8]) -> (text: [UInt8], rest: [UInt8]) {
    if self == .utf8 { return (bytes, []) }
    let high = self == .utf16BigEndian ? 0 : 1
    var text: [UInt8] = []
    text.reserveCapacity(bytes.count / 2)
    var index = 0
    while index + 1 < bytes.count {
      let unit = UInt16(bytes[index + high]) << 8 | UInt16(bytes[index + 1 - high])
      switch unit {
      case ..<0x80: text.append(UInt8(unit))
      case ..<0x800: text += [0xC0 | UInt8(unit >> 6), 0x80 | UInt8(unit & 0x3F)]
      case 0xD800...0xDFFF: text.append(0x3F)
      default:
        text += [
          0xE0 | UInt8(unit >> 12), 0x80 | UInt8(unit >> 6 & 0x3F), 0x80 | UInt8(unit & 0x3F),
        ]
      }
      index += 2
    }
    return (text, Array(bytes[index...]))
  }
}
