import Authority

/// How the holder is identified, as far as a step says it.
struct Identification {
  static let presenterKey = Key.optional(
    "presenter", .choice(["holder", "proxy"]), "who comes; holder")
  static let documentExpiresKey = Key.optional(
    "document-expires", .day, "the last day of the identity document")

  private let presenter: IdentityCheck.Presenter?
  private let documentExpires: Day?

  init(_ fields: Fields) {
    presenter = fields.choice("presenter")
    documentExpires = fields.day("document-expires")
  }

  /// The step says something.
  var isSaid: Bool { presenter != nil || documentExpires != nil }

  /// What an official records on this day; a document good for years where nothing is said of it.
  func check(on today: Day) -> IdentityCheck {
    IdentityCheck(
      document: "identity card", documentNumber: "TEST0000000",
      documentExpires: documentExpires ?? today.adding(years: 5), checkedBy: "TEST official",
      presenter: presenter ?? .holder)
  }
}
