public import Yams

/// The keys and values of one mapping in a scenario file. Whatever is not asked for is an error:
/// a misspelt key must not pass for an absent one.
public final class Fields {
  /// Where the mapping begins.
  public let place: SourcePlace
  private let entries: [(key: String, place: SourcePlace, value: Node)]
  private var known: [String] = []
  private let what: String

  /// The entries of a mapping; a null or absent node has none.
  ///
  /// - Parameters:
  ///   - node: the mapping; a scalar is refused.
  ///   - what: how messages call it: "step verify".
  public init(_ node: Node?, in file: String, at place: SourcePlace, _ what: String)
    throws(ScenarioError)
  {
    self.what = what
    self.place = place
    switch node {
    case .mapping(let mapping):
      var entries: [(String, SourcePlace, Node)] = []
      for (key, value) in mapping {
        let place = SourcePlace(file: file, line: 0, column: 0).at(key, else: place)
        guard case .scalar(let scalar) = key else {
          throw ScenarioError(place, "a key must be a word")
        }
        entries.append((scalar.string, place, value))
      }
      self.entries = entries
    case .scalar(let scalar) where scalar.string.isEmpty || scalar.string == "~":
      entries = []
    case nil: entries = []
    case .some(let node):
      throw ScenarioError(
        place.at(node, else: place), "\(what) takes named values: { key: value, … }")
    }
  }

  /// The value of a key, or nil where the mapping does not have it.
  public func node(_ key: String) -> (place: SourcePlace, value: Node)? {
    known.append(key)
    guard let entry = entries.first(where: { $0.key == key }) else { return nil }
    return (entry.place, entry.value)
  }

  /// A text, or nil where the key is not there. Digits stay as they are written.
  public func text(_ key: String) throws(ScenarioError) -> String? {
    guard let (place, value) = node(key) else { return nil }
    guard case .scalar(let scalar) = value else {
      throw ScenarioError(place, "\(key) is one value, not a list or a mapping")
    }
    return scalar.string
  }

  /// A whole number, or nil where the key is not there.
  public func number(_ key: String, in range: ClosedRange<Int>) throws(ScenarioError) -> Int? {
    guard let written = try text(key) else { return nil }
    guard let number = Int(written), range.contains(number) else {
      throw ScenarioError(
        placeOf(key),
        "\(key) is a whole number from \(range.lowerBound) to \(range.upperBound), not \"\(written)\""
      )
    }
    return number
  }

  /// One of several words, or nil where the key is not there.
  public func choice<Choice: CaseIterable & RawRepresentable<String>>(
    _ key: String, _: Choice.Type = Choice.self
  ) throws(ScenarioError) -> Choice? {
    guard let written = try text(key) else { return nil }
    guard let choice = Choice(rawValue: written) else {
      throw ScenarioError(
        placeOf(key),
        Spelling.unknown("value of \(key)", written, among: Choice.allCases.map(\.rawValue)))
    }
    return choice
  }

  /// A status word pattern; success where the key is not there.
  public func status(_ key: String = "expect") throws(ScenarioError) -> StatusPattern {
    guard let written = try text(key) else { return .success }
    guard let pattern = StatusPattern(written) else {
      throw ScenarioError(
        placeOf(key),
        "\"\(written)\" is no status word: four hexadecimal digits, x for any, [..] for some")
    }
    return pattern
  }

  /// The error for a key that is missing.
  public func missing(_ key: String) -> ScenarioError {
    ScenarioError(place, "\(what) needs \(key)")
  }

  /// An error at a key's place.
  public func wrong(_ key: String, _ message: String) -> ScenarioError {
    ScenarioError(placeOf(key), message)
  }

  /// Everything that may be there was asked for: refuses what else is there.
  public func finish() throws(ScenarioError) {
    for entry in entries where !known.contains(entry.key) {
      throw ScenarioError(
        entry.place,
        Spelling.unknown("key of \(what)", entry.key, among: known))
    }
  }

  private func placeOf(_ key: String) -> SourcePlace {
    guard let entry = entries.first(where: { $0.key == key }) else { return place }
    return entry.place.at(entry.value, else: entry.place)
  }
}

extension SourcePlace {
  /// The place of a node in the same file.
  func at(_ node: Node, else other: SourcePlace) -> SourcePlace {
    guard let mark = node.mark else { return other }
    return SourcePlace(file: file, line: mark.line, column: mark.column)
  }
}

/// Words for a word that is not known.
enum Spelling {
  /// "unknown X "foo"; did you mean "fob"?", or the list where nothing is near.
  static func unknown(_ what: String, _ word: String, among known: [String]) -> String {
    let near = known.map { (distance($0, word), $0) }.min { $0.0 < $1.0 }
    if let (distance, candidate) = near, distance <= max(2, word.count / 3) {
      return "unknown \(what) \"\(word)\"; did you mean \"\(candidate)\"?"
    }
    return known.isEmpty
      ? "unknown \(what) \"\(word)\"; it takes none"
      : "unknown \(what) \"\(word)\"; known: \(known.sorted().joined(separator: ", "))"
  }

  /// Fewest insertions, deletions and substitutions between two words.
  static func distance(_ left: String, _ right: String) -> Int {
    let right = Array(right)
    var row = Array(0...right.count)
    for (index, character) in left.enumerated() {
      var previous = row[0]
      row[0] = index + 1
      for position in right.indices {
        let substituted = previous + (character == right[position] ? 0 : 1)
        previous = row[position + 1]
        row[position + 1] = min(substituted, row[position] + 1, row[position + 1] + 1)
      }
    }
    return row[right.count]
  }
}
