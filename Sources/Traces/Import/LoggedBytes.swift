/// Bytes as a log shows them: some may be hidden, and the end may be missing.
struct LoggedBytes {
  private(set) var bytes: [UInt8] = []
  /// The first to the last byte that the log shows as XX; they count as zero.
  private(set) var hidden: Range<Int>?
  /// The log does not have all of them.
  var isCut = false

  /// More than any command or answer has.
  private static let limit = 70_000

  var count: Int { bytes.count }
  var isEmpty: Bool { bytes.isEmpty }

  /// Takes pairs of hexadecimal digits, with blanks or a colon between them, until something else
  /// comes or there are `most`; answers where it stopped.
  mutating func take(_ line: [UInt8], from start: Int, atMost most: Int = .max) -> Int {
    var index = start
    var taken = 0
    while taken < most {
      var next = index
      while next < line.count, line[next] == 0x20 || line[next] == 0x09 || line[next] == 0x3A {
        next += 1
      }
      guard next + 1 < line.count,
        next + 2 == line.count || [0x20, 0x09, 0x3A].contains(line[next + 2])
      else { break }
      if let high = HexDigit.value(line[next]), let low = HexDigit.value(line[next + 1]) {
        append(high << 4 | low)
      } else if line[next] == line[next + 1], Self.stands(forHidden: line[next]) {
        hide(1)
      } else {
        break
      }
      taken += 1
      index = next + 2
    }
    return index
  }

  /// Bytes that are there and not shown.
  mutating func hide(_ count: Int) {
    let start = bytes.count
    for _ in 0..<count { append(0) }
    guard bytes.count > start else { return }
    hidden = (hidden?.lowerBound ?? start)..<bytes.count
  }

  mutating func append(_ other: LoggedBytes) {
    let start = bytes.count
    for byte in other.bytes { append(byte) }
    if let range = other.hidden, start + range.upperBound <= bytes.count {
      hidden = (hidden?.lowerBound ?? start + range.lowerBound)..<start + range.upperBound
    }
    isCut = isCut || other.isCut
  }

  private mutating func append(_ byte: UInt8) {
    guard bytes.count < Self.limit else {
      isCut = true
      return
    }
    bytes.append(byte)
  }

  /// What people write twice in the place of a byte: X, *, ?, #, _ and -.
  private static func stands(forHidden character: UInt8) -> Bool {
    switch character {
    case 0x58, 0x78, 0x2A, 0x3F, 0x23, 0x5F, 0x2D: true
    default: false
    }
  }
}
