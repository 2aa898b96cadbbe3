import Authority

/// Time goes by, for authority and certificates alike.
struct AdvanceClock: Step {
  static let keyword = "advance-clock"
  static let summary = "move the clock: days, years, to a day, or so many days before expiry"
  private let change: Change

  private enum Change {
    case by(days: Int, years: Int)
    case to(Day)
    case beforeExpiry(days: Int)
  }

  static let keys: [Key] = [
    .optional("days", .number(0...36_500), "so many days later"),
    .optional("years", .number(0...100), "so many years later"),
    .optional("days-before-expiry", .number(0...36_500), "so many days before the device expires"),
    .optional("to", .day, "to this day"),
  ]

  init(_ fields: Fields) throws(ScenarioError) {
    let days = fields.number("days")
    let years = fields.number("years")
    switch (days ?? years, fields.number("days-before-expiry"), fields.day("to")) {
    case (.some, nil, nil): change = .by(days: days ?? 0, years: years ?? 0)
    case (nil, let before?, nil): change = .beforeExpiry(days: before)
    case (nil, nil, let day?): change = .to(day)
    default:
      throw ScenarioError(
        fields.place, "step advance-clock needs days and/or years, to, or days-before-expiry")
    }
  }

  var use: CardUse { .reading }
  var title: String {
    switch change {
    case .by(let days, let years):
      [(years, "year"), (days, "day")].filter { $0.0 > 0 }
        .map { "\($0) \($1)\($0 == 1 ? "" : "s")" }.joined(separator: " and ") + " later"
    case .to(let day): "it is \(day)"
    case .beforeExpiry(let days): "\(days) day\(days == 1 ? "" : "s") before expiry"
    }
  }

  func run(in world: World) throws(StepFailure) {
    let today = Day(world.clock.now)
    let target: Day
    switch change {
    case .by(let days, let years): target = today.adding(years: years).adding(days: days)
    case .to(let day): target = day
    case .beforeExpiry(let days):
      target = try world.issuedDevice().expiryDay.adding(days: -days)
    }
    guard target >= today else {
      throw StepFailure("the clock shows \(today); it does not go back to \(target)")
    }
    world.clock.advance(days: target.number - today.number)
  }
}
