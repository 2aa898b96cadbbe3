import ArgumentParser
import Authority
import Foundation

/// `advance-clock`.
enum AdvanceClockRequest: ControlRequest {
  struct Options: ControlOptions {
    @Option(help: "So many days later.") var days: Int?
    @Option(help: "So many years later.") var years: Int?
    @Option(help: "To this day, YYYY-MM-DD.") var to: String?
    @Flag(help: "Back to the machine's own date.") var reset = false

    var values: [String: JSONValue] {
      var values: [String: JSONValue] = [:]
      values["days"] = days.map { .number($0) }
      values["years"] = years.map { .number($0) }
      values["to"] = to.map { .text($0) }
      values["reset"] = reset ? true : nil
      return values
    }
  }

  static let name = "advance-clock"
  static let summary = "Let time go by: for the authority, and for the command of exec --date."
  static let discussion = """
    Moves the date of the state directory, which softdna authority, also serve while it runs, \
    takes for today, until --reset. The command of softdna exec sees it where it was started with \
    --movable-clock, or with a date that was moved already; with exec --date it is the date of \
    that run that moves. What "seen-by" does not name keeps the machine's date. A token has no \
    clock.
    """
  static let keys = ["days", "years", "to", "reset"]

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    let clock = token.clock
    let today = clock.today
    let days = try values.number("days", in: 0...WorldClock.furthest)
    let years = try values.number("years", in: 0...100)
    let target: Day
    switch (days ?? years, try values.text("to"), try values.flag("reset")) {
    case (.some, nil, nil):
      target = today.adding(years: years ?? 0).adding(days: days ?? 0)
    case (nil, let text?, nil):
      guard let day = Day(text) else { throw values.wrong("to", "a day written YYYY-MM-DD") }
      guard day >= today else {
        throw ControlError(
          refused: "the clock shows \(today); it does not go back to \(day), only to the machine's"
            + " own date (reset)")
      }
      target = day
    case (nil, nil, true): target = Day(Date())
    default:
      throw ControlError(usage: "advance-clock takes days and/or years, or to, or reset")
    }
    let offset = target.number - Day(Date()).number
    guard offset <= WorldClock.furthest else {
      throw ControlError(refused: "\(target) is more than a century away")
    }
    try clock.set(days: offset)
    return [
      "date": .text(target.description), "days": .number(offset),
      "seen-by": .list(token.clockIsSeenBy.map { .text($0) }),
    ]
  }
}
