public import Foundation

/// A calendar day in UTC. The authority counts in UTC days only: a device issued at 00:30 in Rome
/// carries the UTC day before, and every window (renewal, expiry) is counted the same way.
public struct Day: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// Days since 1970-01-01.
  public let number: Int

  /// The day `number` days after 1970-01-01.
  public init(number: Int) { self.number = number }

  /// The UTC day that `date` falls on.
  public init(_ date: Date) {
    number = Int((date.timeIntervalSince1970 / 86_400).rounded(.down))
  }

  /// A day of the Gregorian calendar; nil where there is no such day.
  public init?(year: Int, month: Int, day: Int) {
    guard (1...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else {
      return nil
    }
    // Years begin in March, so that the leap day is the last of its year.
    let y = month <= 2 ? year - 1 : year
    let era = y / 400
    let yearOfEra = y - era * 400
    let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
    number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    guard civil == (year, month, day) else { return nil }
  }

  /// A day written `YYYY-MM-DD` (ISO 8601); nil where the text is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: "-", omittingEmptySubsequences: false)
    guard parts.map(\.count) == [4, 2, 2],
      parts.allSatisfy({ part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let year = Int(parts[0]), let month = Int(parts[1]), let day = Int(parts[2])
    else { return nil }
    self.init(year: year, month: month, day: day)
  }

  private var civil: (year: Int, month: Int, day: Int) {
    let shifted = number + 719_468
    let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
    let dayOfEra = shifted - era * 146_097
    let yearOfEra =
      (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let shiftedMonth = (5 * dayOfYear + 2) / 153
    let month = shiftedMonth + (shiftedMonth < 10 ? 3 : -9)
    let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
  }

  /// The year, for example 2026.
  public var year: Int { civil.year }
  /// The month, 1 to 12.
  public var month: Int { civil.month }
  /// The day of the month, 1 to 31.
  public var dayOfMonth: Int { civil.day }

  /// Midnight UTC, the instant the day begins.
  public var start: Date { Date(timeIntervalSince1970: Double(number) * 86_400) }

  /// The day `days` later (earlier where negative).
  public func adding(days: Int) -> Day { Day(number: number + days) }

  /// The same day `years` later; 29 February becomes 28 February in a common year.
  public func adding(years: Int) -> Day {
    let (year, month, day) = civil
    return Day(year: year + years, month: month, day: day) ?? adding(years: years, from: day - 1)
  }

  private func adding(years: Int, from day: Int) -> Day {
    Day(year: year + years, month: month, day: day) ?? self
  }

  /// Whether this day is before the other.
  public static func < (left: Day, right: Day) -> Bool { left.number < right.number }

  /// `YYYY-MM-DD`.
  public var description: String {
    "\(Self.digits(year, 4))-\(Self.digits(month))-\(Self.digits(dayOfMonth))"
  }

  /// `DDMMYYYY`, as the card's personal data carry it.
  var dayMonthYear: String { Self.digits(dayOfMonth) + Self.digits(month) + Self.digits(year, 4) }

  private static func digits(_ value: Int, _ width: Int = 2) -> String {
    let text = String(value)
    return String(repeating: "0", count: max(0, width - text.count)) + text
  }
}

extension Day: Codable {
  /// Reads `YYYY-MM-DD`.
  ///
  /// - Throws: `DecodingError` where the text is not such a day.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let day = Day(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text)\" is not a day written YYYY-MM-DD")
    }
    self = day
  }

  /// Writes `YYYY-MM-DD`.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
