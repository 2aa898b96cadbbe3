/// Reads one JSON object from bytes, value by value, without keeping what nobody asks for. Traces of
/// some hundred megabytes are read in seconds so.
struct JSONScanner {
  private let bytes: [UInt8]
  private var position = 0

  /// Values within values, deeper than which nothing is read.
  private static let deepest = 64

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  /// Nothing but blanks is left.
  var isAtEnd: Bool {
    mutating get {
      skipBlanks()
      return position == bytes.count
    }
  }

  /// An object; `member` takes each key's value.
  mutating func object(_ member: (String, inout JSONScanner) -> Bool) -> Bool {
    guard take(0x7B) else { return false }
    if take(0x7D) { return true }
    repeat {
      var key: String?
      guard string(&key), let key, take(0x3A), member(key, &self) else { return false }
    } while take(0x2C)
    return take(0x7D)
  }

  mutating func null() -> Bool { word("null") }

  /// A whole number, however it is written.
  mutating func integer(_ result: inout Int?) -> Bool {
    skipBlanks()
    let start = position
    guard skipNumber() else { return false }
    var value = 0
    var index = start
    let isNegative = bytes[start] == 0x2D
    if isNegative { index += 1 }
    while index < position, (0x30...0x39).contains(bytes[index]) {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      let (sum, carry) = product.addingReportingOverflow(Int(bytes[index] - 0x30))
      if overflow || carry { return false }
      value = sum
      index += 1
    }
    if index < position {
      // With a fraction or an exponent.
      guard let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)),
        let whole = Int(exactly: number)
      else { return false }
      result = whole
    } else {
      result = isNegative ? -value : value
    }
    return true
  }

  mutating func integers(_ result: inout [Int]?) -> Bool {
    guard take(0x5B) else { return false }
    var values: [Int] = []
    result = values
    if take(0x5D) { return true }
    repeat {
      var value: Int?
      guard integer(&value), let value else { return false }
      values.append(value)
    } while take(0x2C)
    result = values
    return take(0x5D)
  }

  /// A string of pairs of hexadecimal digits and nothing else; nil for any other value, of which
  /// nothing was read then.
  mutating func hexadecimal() -> [UInt8]? {
    skipBlanks()
    guard position < bytes.count, bytes[position] == 0x22 else { return nil }
    var result: [UInt8] = []
    var index = position + 1
    guard let end = bytes[index...].firstIndex(of: 0x22), (end - index) % 2 == 0 else { return nil }
    result.reserveCapacity((end - index) / 2)
    while index < end {
      guard let high = HexDigit.value(bytes[index]), let low = HexDigit.value(bytes[index + 1])
      else { return nil }
      result.append(high << 4 | low)
      index += 2
    }
    position = end + 1
    return result
  }

  mutating func string(_ result: inout String?) -> Bool {
    guard take(0x22) else { return false }
    var start = position
    var text = ""
    while position < bytes.count {
      switch bytes[position] {
      case 0x22:
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        result = text
        return true
      case 0x5C:
        text += String(decoding: bytes[start..<position], as: UTF8.self)
        position += 1
        guard let character = escaped() else { return false }
        text.unicodeScalars.append(character)
        start = position
      case ..<0x20: return false
      default: position += 1
      }
    }
    return false
  }

  private mutating func escaped() -> Unicode.Scalar? {
    guard position < bytes.count else { return nil }
    defer { position += 1 }
    switch bytes[position] {
    case 0x22, 0x5C, 0x2F: return Unicode.Scalar(bytes[position])
    case 0x62: return "\u{08}"
    case 0x66: return "\u{0C}"
    case 0x6E: return "\n"
    case 0x72: return "\r"
    case 0x74: return "\t"
    case 0x75:
      guard let first = unit(at: position + 1) else { return nil }
      position += 4
      guard first & 0xFC00 == 0xD800 else { return Unicode.Scalar(first) }
      guard position + 2 < bytes.count, bytes[position + 1] == 0x5C, bytes[position + 2] == 0x75,
        let second = unit(at: position + 3), second & 0xFC00 == 0xDC00
      else { return nil }
      position += 6
      return Unicode.Scalar(0x10000 + (first & 0x3FF) << 10 + second & 0x3FF)
    default: return nil
    }
  }

  private func unit(at start: Int) -> UInt32? {
    guard start + 4 <= bytes.count else { return nil }
    var value: UInt32 = 0
    for byte in bytes[start..<start + 4] {
      guard let digit = HexDigit.value(byte) else { return nil }
      value = value << 4 | UInt32(digit)
    }
    return value
  }

  /// A value of any type that nobody asks for.
  mutating func skip() -> Bool { skip(depth: 0) }

  private mutating func skip(depth: Int) -> Bool {
    skipBlanks()
    guard depth < Self.deepest, position < bytes.count else { return false }
    switch bytes[position] {
    case 0x22:
      var text: String?
      return string(&text)
    case 0x7B: return object { _, value in value.skip(depth: depth + 1) }
    case 0x5B:
      position += 1
      if take(0x5D) { return true }
      repeat { guard skip(depth: depth + 1) else { return false } } while take(0x2C)
      return take(0x5D)
    case 0x2D, 0x30...0x39: return skipNumber()
    default: return word("true") || word("false") || word("null")
    }
  }

  private mutating func skipNumber() -> Bool {
    let start = position
    if position < bytes.count, bytes[position] == 0x2D { position += 1 }
    guard position < bytes.count, (0x30...0x39).contains(bytes[position]) else {
      position = start
      return false
    }
    while position < bytes.count {
      switch bytes[position] {
      case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x45, 0x65: position += 1
      default: return true
      }
    }
    return true
  }

  private mutating func word(_ word: StaticString) -> Bool {
    skipBlanks()
    let count = word.utf8CodeUnitCount
    guard position + count <= bytes.count else { return false }
    for index in 0..<count where bytes[position + index] != word.utf8Start[index] { return false }
    position += count
    return true
  }

  private mutating func take(_ byte: UInt8) -> Bool {
    skipBlanks()
    guard position < bytes.count, bytes[position] == byte else { return false }
    position += 1
    return true
  }

  private mutating func skipBlanks() {
    while position < bytes.count {
      switch bytes[position] {
      case 0x20, 0x09, 0x0A, 0x0D: position += 1
      default: return
      }
    }
  }
}

/// A character as a hexadecimal digit.
enum HexDigit {
  static func value(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x41...0x46: character - 0x41 + 10
    case 0x61...0x66: character - 0x61 + 10
    default: nil
    }
  }
}
