import Foundation

/// A line of a log, without what terminals, journals and mail programs have added to it.
struct LogLine {
  /// The line; `clean()` takes colours and blanks at its end away.
  var bytes: [UInt8] = []
  /// Where the program's own words begin.
  private(set) var start = 0
  /// Which program wrote it, where a journal says so: lines of several may be mixed. A hash; 0
  /// where nothing is said.
  private(set) var writer: UInt64 = 0
  /// The journal's time.
  private(set) var stamp: LogStamp?

  mutating func clean() {
    removeColours()
    while let last = bytes.last, last == 0x20 || last == 0x09 || last == 0x0D { bytes.removeLast() }
    let prefix = LogPrefix(of: bytes)
    (start, writer, stamp) = (prefix.end, prefix.writer, prefix.stamp)
  }

  /// Removes control sequences, also where a journal or `cat -v` has spelled the escape character.
  private mutating func removeColours() {
    guard contains("\u{1B}[") || contains("#033[") || contains("^[[") else { return }
    var clean: [UInt8] = []
    clean.reserveCapacity(bytes.count)
    var index = 0
    while index < bytes.count {
      guard let introducer = introducer(at: index) else {
        clean.append(bytes[index])
        index += 1
        continue
      }
      index += introducer
      // Parameters, then one letter.
      while index < bytes.count, (0x20...0x3F).contains(bytes[index]) { index += 1 }
      if index < bytes.count, (0x40...0x7E).contains(bytes[index]) { index += 1 }
    }
    bytes = clean
  }

  private func introducer(at index: Int) -> Int? {
    for introducer: StaticString in ["\u{1B}[", "#033[", "^[["] where has(introducer, at: index) {
      return introducer.utf8CodeUnitCount
    }
    return nil
  }

  // MARK: Looking for words

  func has(_ word: StaticString, at index: Int) -> Bool {
    guard index + word.utf8CodeUnitCount <= bytes.count else { return false }
    for offset in 0..<word.utf8CodeUnitCount where bytes[index + offset] != word.utf8Start[offset] {
      return false
    }
    return true
  }

  func contains(_ word: StaticString, from start: Int = 0) -> Bool {
    position(behind: word, from: start) != nil
  }

  /// Where the first such word ends.
  func position(behind word: StaticString, from start: Int = 0) -> Int? {
    let count = word.utf8CodeUnitCount
    return bytes.withUnsafeBytes { line in
      guard let base = line.baseAddress else { return nil }
      var index = start
      while index + count <= line.count {
        guard let found = memchr(base + index, Int32(word.utf8Start[0]), line.count - index) else {
          return nil
        }
        index = UnsafeRawPointer(found) - base
        guard index + count <= line.count else { return nil }
        if memcmp(found, word.utf8Start, count) == 0 { return index + count }
        index += 1
      }
      return nil
    }
  }

  /// The first position from `start` on where there is no blank.
  func skippingBlanks(from start: Int) -> Int {
    var index = start
    while index < bytes.count, bytes[index] == 0x20 || bytes[index] == 0x09 { index += 1 }
    return index
  }

  /// Digits, as a number: nil where there are none, or more than fit into 2^53.
  func number(at start: Int) -> (value: Int, end: Int)? {
    var value = 0
    var index = start
    while index < bytes.count, (0x30...0x39).contains(bytes[index]) {
      guard value < 1 << 49 else { return nil }
      value = value * 10 + Int(bytes[index] - 0x30)
      index += 1
    }
    return index > start ? (value, index) : nil
  }

  /// A name as it may be told in a message: no control characters, and not too long.
  func name(_ range: Range<Int>) -> String {
    let printable = bytes[range].prefix(100).map { (0x20...0x7E).contains($0) ? $0 : 0x3F }
    return String(decoding: printable, as: UTF8.self)
  }
}

/// What stands for a program, a thread or a card: the same bytes have the same hash.
struct LogHash {
  static func of(_ bytes: ArraySlice<UInt8>, _ seed: UInt64 = 0) -> UInt64 {
    bytes.reduce(seed ^ 0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 }
  }

  static func of(_ number: Int, _ seed: UInt64) -> UInt64 {
    (seed ^ UInt64(bitPattern: Int64(number))) &* 0x0000_0100_0000_01B3 &+ 0x9E37_79B9_7F4A_7C15
  }
}
