/// A date or a time of day that a log tells.
struct LogStamp {
  /// Days since 1970; nil where only the time of day is told.
  let day: Int?
  /// Microseconds since midnight, or since the machine's start.
  let microseconds: Int
  /// Where the line tells it.
  let place: Range<Int>

  /// The first time like 12:34:56, with or without a fraction, and the date in front of it.
  init?(in line: [UInt8], from start: Int, to end: Int) {
    func number(_ index: Int, _ count: Int) -> Int? {
      var value = 0
      for position in index..<index + count {
        guard position >= start, position < line.count, (0x30...0x39).contains(line[position])
        else { return nil }
        value = value * 10 + Int(line[position] - 0x30)
      }
      return value
    }
    var index = start
    while index + 8 <= end {
      guard line[index + 2] == 0x3A, line[index + 5] == 0x3A, let hours = number(index, 2),
        let minutes = number(index + 3, 2), let seconds = number(index + 6, 2), hours < 24,
        minutes < 60, seconds <= 60
      else {
        index += 1
        continue
      }
      var next = index + 8
      var unit = 100_000
      var fraction = 0
      if next < line.count, line[next] == 0x2E || line[next] == 0x2C {
        next += 1
        while let digit = number(next, 1) {
          fraction += digit * unit
          unit /= 10
          next += 1
        }
      }
      microseconds = ((hours * 60 + minutes) * 60 + seconds) * 1_000_000 + fraction
      if let year = number(index - 11, 4), let month = number(index - 6, 2),
        let date = number(index - 3, 2), line[index - 7] == 0x2D, line[index - 4] == 0x2D,
        (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(date)
      {
        day = Self.days(year, month, date)
        place = index - 11..<next
      } else {
        day = nil
        place = index..<next
      }
      return
    }
    return nil
  }

  /// Seconds with a fraction, since the machine's start.
  init?(secondsOf digits: ArraySlice<UInt8>) {
    let parts = digits.split(separator: 0x2E, omittingEmptySubsequences: false)
    guard parts.count == 2, (1...9).contains(parts[0].count), !parts[1].isEmpty,
      parts.joined().allSatisfy({ (0x30...0x39).contains($0) })
    else { return nil }
    let whole = parts[0].reduce(0) { $0 * 10 + Int($1 - 0x30) }
    let sixDigits = (Array(parts[1]) + [UInt8](repeating: 0x30, count: 6)).prefix(6)
    microseconds = whole * 1_000_000 + sixDigits.reduce(0) { $0 * 10 + Int($1 - 0x30) }
    day = nil
    place = digits.indices
  }

  /// Days from 1970 to a date of the Gregorian calendar.
  private static func days(_ year: Int, _ month: Int, _ day: Int) -> Int {
    // Years that begin in March have their leap day at the end.
    let year = month <= 2 ? year - 1 : year
    let dayOfYear = (153 * ((month + 9) % 12) + 2) / 5 + day - 1
    return year * 365 + year / 4 - year / 100 + year / 400 + dayOfYear - 719_468
  }
}

/// The times of a log as microseconds since the first one it tells. They never run backwards, and
/// what cannot be is left out.
struct LogClock {
  private(set) var time = 0
  /// Microseconds from 1970 to the first time, where its date is told.
  private(set) var started: Int?
  private var first: Int?
  private var last = 0
  private var midnights = 0

  private static let day = 86_400_000_000

  mutating func read(_ stamp: LogStamp) {
    var now = (stamp.day ?? midnights) * Self.day + stamp.microseconds
    if stamp.day == nil, first != nil, now < last - Self.day / 2 {
      // A log may run past midnight.
      midnights += 1
      now += Self.day
    }
    if first == nil {
      first = now
      if stamp.day != nil {
        // The trace's own start is told in whole seconds, so that its times add up to the log's.
        first = now / 1_000_000 * 1_000_000
        started = first
      }
    }
    last = max(last, now)
    time = max(time, min(last - (first ?? 0), TraceLine.latestTime))
  }

  /// So many microseconds passed; more than thirty years did not.
  mutating func pass(_ microseconds: Int) {
    guard (0...1_000_000_000_000_000).contains(microseconds) else { return }
    time = min(time + microseconds, TraceLine.latestTime)
  }

  /// It is so late at least.
  mutating func reach(_ microseconds: Int) { time = max(time, microseconds) }
}
