/// The names a scenario may write as `${name}`, and what they stand for.
struct Variables: Sendable {
  /// What is known when the file is read: `let`, `for-each`, `with`.
  private(set) var values: [String: String] = [:]
  /// What steps before this one capture while the scenario runs.
  private(set) var captured: Set<String> = []

  /// Every name.
  var names: [String] { Array(values.keys) + Array(captured) }

  /// Defines a name; an earlier definition gives way.
  mutating func define(_ name: String, _ value: String) { values[name] = value }

  /// A step captures this name.
  mutating func capture(_ name: String) {
    captured.insert(name)
    values[name] = nil
  }

  /// Takes over what another reader's steps captured.
  mutating func takeCaptures(of other: Variables) {
    for name in other.captured { capture(name) }
  }

  /// What was captured by now stands for itself.
  func resolved(_ captures: [String: String]) -> Variables {
    var resolved = self
    for (name, value) in captures where captured.contains(name) {
      resolved.values[name] = value
    }
    return resolved
  }

  /// What a captured value is read as when the file is checked: right for text and bytes.
  static let standIn = "00"

  /// The text with its variables replaced; `$${` is written for `${` itself.
  ///
  /// - Parameter waits: set where the text has a captured value that is not there yet.
  /// - Throws: where a variable is not defined here.
  func expand(_ text: Value.Text, waits: inout Bool) throws(ScenarioError) -> Value.Text {
    guard text.string.contains("${") else { return text }
    var expanded = text
    expanded.string = ""
    var rest = Substring(text.string)
    while let start = rest.firstRange(of: "${") {
      let before = rest[..<start.lowerBound]
      if before.last == "$" {
        expanded.string += before.dropLast() + "${"
        rest = rest[start.upperBound...]
        continue
      }
      expanded.string += before
      let offset = text.string.distance(from: text.string.startIndex, to: start.lowerBound)
      guard let end = rest[start.upperBound...].firstIndex(of: "}") else {
        throw ScenarioError(
          text.place(atOffset: offset), "a variable that does not end: write ${name}")
      }
      let name = String(rest[start.upperBound..<end])
      if let value = values[name] {
        expanded.string += value
      } else if captured.contains(name) {
        expanded.string += Self.standIn
        waits = true
      } else {
        throw ScenarioError(
          text.place(atOffset: offset),
          names.isEmpty
            ? "unknown variable \"\(name)\"; none is defined before this"
            : Spelling.unknown("variable", name, among: names))
      }
      rest = rest[rest.index(after: end)...]
    }
    expanded.string += rest
    return expanded
  }

  /// The value with the variables in every text replaced; see `expand(_:waits:)`.
  func expand(_ value: Value, waits: inout Bool) throws(ScenarioError) -> Value {
    switch value {
    case .text(let text): return .text(try expand(text, waits: &waits))
    case .list(let values, let place):
      var expanded: [Value] = []
      for value in values { expanded.append(try expand(value, waits: &waits)) }
      return .list(expanded, place)
    case .mapping(let entries, let place):
      var expanded: [Value.Entry] = []
      for entry in entries {
        expanded.append(
          Value.Entry(
            key: entry.key, place: entry.place, value: try expand(entry.value, waits: &waits)))
      }
      return .mapping(expanded, place)
    }
  }

  /// The name is one that `${name}` can write.
  static func isName(_ name: String) -> Bool {
    guard let first = name.utf8.first, (0x61...0x7A).contains(first) else { return false }
    return name.utf8.allSatisfy {
      (0x61...0x7A).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2D
    }
  }
}
