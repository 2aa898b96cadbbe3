/// A token that was issued, wherever it comes from.
struct Issued: Step {
  static let keyword = "issued"
  static let summary = "as issue, but over reader:NAME it is the card in the reader"
  static let keys = Issue.keys
  private let issue: Issue

  init(_ fields: Fields) { issue = Issue(fields) }

  var use: CardUse { .reading }
  var title: String { "a token in its holder's hands" }

  func run(in world: World) throws(StepFailure) {
    if try !world.takeCardThatIsThere() { try issue.run(in: world) }
  }
}
