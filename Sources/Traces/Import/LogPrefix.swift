/// What journald, syslog, `docker logs`, `ts` and mail programs write in front of a program's line:
///
///     Aug 30 12:00:00 host firefox[4321]: Outgoing APDU (5 bytes):
///     2023-04-26T10:10:10.123456+0200 host pcscd[2323]: 00000012 APDU: 00 84 00 00 08
///     > Outgoing APDU (5 bytes):
struct LogPrefix {
  /// Where the program's line begins.
  private(set) var end = 0
  /// A hash of the host, the program and its number; 0 where they are not told.
  private(set) var writer: UInt64 = 0
  private(set) var stamp: LogStamp?

  init(of line: [UInt8]) {
    skipQuoteMarks(line)
    // The priority of a message on the wire: <13>.
    var index = Self.skippingBlanks(line, end)
    if index < line.count, line[index] == 0x3C,
      let close = line[index...].prefix(6).firstIndex(of: 0x3E),
      line[index + 1..<close].allSatisfy({ (0x30...0x39).contains($0) })
    {
      index = close + 1
    }
    if let (time, next) = Self.time(line, at: index) {
      stamp = time
      end = next
      index = Self.skippingBlanks(line, next)
      // What follows a time without a program's name keeps its own blanks.
      if end < line.count, line[end] == 0x20 { end += 1 }
    }
    if let next = Self.program(line, at: index, needsNumber: stamp == nil) {
      writer = LogHash.of(line[index..<next])
      end = next
      if end < line.count, line[end] == 0x20 { end += 1 }
    }
  }

  private mutating func skipQuoteMarks(_ line: [UInt8]) {
    while true {
      let index = Self.skippingBlanks(line, end)
      guard index < line.count, line[index] == 0x3E || line[index] == 0x7C else { return }
      end = index + 1
      if end < line.count, line[end] == 0x20 { end += 1 }
    }
  }

  private static func skippingBlanks(_ line: [UInt8], _ start: Int) -> Int {
    var index = start
    while index < line.count, line[index] == 0x20 || line[index] == 0x09 { index += 1 }
    return index
  }

  /// "Aug 30 12:00:00", "2023-04-26T10:10:10.123+0200", "[12345.678901]" and what is like them.
  private static func time(_ line: [UInt8], at start: Int) -> (LogStamp?, Int)? {
    guard start < line.count else { return nil }
    if line[start] == 0x5B {
      var index = skippingBlanks(line, start + 1)
      let digits = index
      while index < line.count, (0x30...0x39).contains(line[index]) || line[index] == 0x2E {
        index += 1
      }
      guard index > digits, index < line.count, line[index] == 0x5D,
        line[digits..<index].contains(0x2E)
      else { return nil }
      return (LogStamp(secondsOf: line[digits..<index]), index + 1)
    }
    guard isMonth(line, at: start) || isDate(line, at: start),
      let stamp = LogStamp(in: line, from: start, to: min(start + 24, line.count)),
      stamp.place.lowerBound - start <= 12
    else { return nil }
    // A zone, or Z.
    var index = stamp.place.upperBound
    while index < line.count, line[index] != 0x20, line[index] != 0x09 { index += 1 }
    return (stamp, index)
  }

  private static func isMonth(_ line: [UInt8], at start: Int) -> Bool {
    guard start + 6 < line.count, line[start + 3] == 0x20 else { return false }
    return "JanFebMarAprMayJunJulAugSepOctNovDec".utf8.withContiguousStorageIfAvailable { names in
      stride(from: 0, to: 36, by: 3).contains { index in
        (0..<3).allSatisfy { names[index + $0] == line[start + $0] }
      }
    } ?? false
  }

  private static func isDate(_ line: [UInt8], at start: Int) -> Bool {
    guard start + 10 < line.count, line[start + 4] == 0x2D, line[start + 7] == 0x2D else {
      return false
    }
    return (start..<start + 4).allSatisfy { (0x30...0x39).contains(line[$0]) }
  }

  /// Where "host program[123]:" ends, or "host program:" where no number is needed.
  private static func program(_ line: [UInt8], at start: Int, needsNumber: Bool) -> Int? {
    var blanks = 0
    var hasLetter = false
    for index in start..<min(start + 160, line.count) {
      switch line[index] {
      case 0x20, 0x09:
        blanks += 1
        if blanks > (needsNumber ? 0 : 1) { return nil }
      case 0x41...0x5A, 0x61...0x7A: hasLetter = true
      // The program's number is its last word's end.
      case 0x3A
      where (index + 1 == line.count || line[index + 1] == 0x20) && hasLetter && index > start:
        if line[index - 1] == 0x5D, endsWithNumber(line[start..<index]) { return index + 1 }
        return needsNumber || blanks == 0 || !isName(line[start..<index]) ? nil : index + 1
      default: break
      }
    }
    return nil
  }

  /// "[123]", with a name in front of it.
  private static func endsWithNumber(_ word: ArraySlice<UInt8>) -> Bool {
    guard let open = word.lastIndex(of: 0x5B), open > word.startIndex, word[open - 1] != 0x20
    else { return false }
    let digits = word[open + 1..<word.endIndex - 1]
    return !digits.isEmpty && digits.allSatisfy { (0x30...0x39).contains($0) }
  }

  /// A host's name and a program's, not the first words of a log itself.
  private static func isName(_ words: ArraySlice<UInt8>) -> Bool {
    let parts = words.split(separator: 0x20)
    guard parts.count == 2, parts[0].count > 1 else { return false }
    let isNumber = parts[0].allSatisfy { (0x30...0x39).contains($0) }
    return !isNumber && !parts[0].contains(0x3A) && !parts[0].contains(0x5B)
      && !["APDU", "SW", "ATR"].contains { parts[1].elementsEqual($0.utf8) }
  }
}
