import Authority
import ISO7816

/// A key that a mapping may have: what reading, messages and the JSON Schema know of it.
public struct Key: Sendable {
  /// What a value may be.
  public enum Kind: Sendable {
    /// One line of text.
    case text
    /// Pairs of hexadecimal digits.
    case bytes
    /// A whole number.
    case number(ClosedRange<Int>)
    /// One of these words.
    case choice([String])
    /// A status word pattern.
    case status
    /// A day, `YYYY-MM-DD`.
    case day
    /// The name of a variable that takes what the step found out.
    case variable
    /// One text, or a list of texts.
    case texts
    /// Names with a text each.
    case values
    /// Names with a list of texts each.
    case alternatives
    /// A file, or some of these keys.
    case holder([String])
    /// A list of steps.
    case steps
  }

  /// The word in the file.
  public let name: String
  /// What its value may be.
  public let kind: Kind
  /// It must be there.
  public let isRequired: Bool
  /// One line for people who look it up.
  public let summary: String

  /// A key that may be left out.
  public static func optional(_ name: String, _ kind: Kind, _ summary: String) -> Key {
    Key(name: name, kind: kind, isRequired: false, summary: summary)
  }

  /// A key that must be there.
  public static func required(_ name: String, _ kind: Kind, _ summary: String) -> Key {
    Key(name: name, kind: kind, isRequired: true, summary: summary)
  }

  /// `expect`, as most steps have it.
  static let expect = optional(
    "expect", .status, "status word: four hexadecimal digits, x for any, [..] for some; 9000")
  /// `key`, with the CNS key where it is left out.
  static let key = optional("key", .choice(of: KeyName.self), "cns (default) or signature")

  /// Refuses a value that the key does not take.
  func check(_ value: Value) throws(ScenarioError) {
    switch kind {
    case .text: _ = try text(value)
    case .bytes:
      let written = try text(value)
      guard Hex.bytes(written.string) != nil else {
        throw ScenarioError(
          written.place, "\(name) is pairs of hexadecimal digits, not \"\(written.string)\"")
      }
    case .number(let range):
      let written = try text(value)
      guard let number = Int(written.string), range.contains(number) else {
        throw ScenarioError(
          written.place,
          "\(name) is a whole number from \(range.lowerBound) to \(range.upperBound),"
            + " not \"\(written.string)\"")
      }
    case .choice(let words):
      let written = try text(value)
      guard words.contains(written.string) else {
        throw ScenarioError(
          written.place, Spelling.unknown("value of \(name)", written.string, among: words))
      }
    case .status:
      let written = try text(value)
      guard StatusPattern(written.string) != nil else {
        throw ScenarioError(
          written.place,
          "\"\(written.string)\" is no status word: four hexadecimal digits, x for any,"
            + " [..] for some")
      }
    case .day:
      let written = try text(value)
      guard Day(written.string) != nil else {
        throw ScenarioError(
          written.place, "\(name) is a day, YYYY-MM-DD, not \"\(written.string)\"")
      }
    case .variable:
      let written = try text(value)
      guard Variables.isName(written.string) else { throw badName(written) }
    case .texts:
      guard case .list(let values, _) = value else {
        _ = try text(value)
        return
      }
      for value in values { _ = try text(value) }
    case .values: for entry in try entries(value) { _ = try text(entry.value) }
    case .alternatives:
      for entry in try entries(value) {
        guard case .list(let values, _) = entry.value, !values.isEmpty else {
          throw ScenarioError(
            entry.value.place, "\(entry.key) takes a list of values: [one, another]")
        }
        for value in values { _ = try text(value) }
      }
    case .holder(let known):
      guard case .mapping(let entries, _) = value else {
        _ = try text(value)
        return
      }
      for entry in entries {
        guard known.contains(entry.key) else {
          throw ScenarioError(
            entry.place, Spelling.unknown("key of \(name)", entry.key, among: known))
        }
        _ = try text(entry.value)
      }
    case .steps:
      guard case .list(let steps, _) = value, !steps.isEmpty else {
        throw ScenarioError(value.place, "\(name) is a list with at least one step")
      }
    }
  }

  private func text(_ value: Value) throws(ScenarioError) -> Value.Text {
    guard case .text(let text) = value else {
      throw ScenarioError(value.place, "\(name) is one value, not a list or a mapping")
    }
    return text
  }

  private func entries(_ value: Value) throws(ScenarioError) -> [Value.Entry] {
    guard case .mapping(let entries, _) = value else {
      throw ScenarioError(value.place, "\(name) takes named values: { name: value, … }")
    }
    for entry in entries where !Variables.isName(entry.key) {
      throw badName(Value.Text(string: entry.key, place: entry.place, indent: 0))
    }
    return entries
  }

  private func badName(_ text: Value.Text) -> ScenarioError {
    ScenarioError(
      text.place, "\"\(text.string)\" is no name for a variable: small letters, digits and -")
  }
}

extension Key.Kind {
  /// One of the words of an enumeration.
  static func choice<Choice: CaseIterable & RawRepresentable<String>>(of _: Choice.Type) -> Self {
    .choice(Choice.allCases.map(\.rawValue))
  }
}
