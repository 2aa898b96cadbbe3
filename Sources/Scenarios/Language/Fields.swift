public import Authority
import ISO7816

/// The keys and values of one mapping in a scenario file, checked against the keys it may have:
/// a misspelt key must not pass for an absent one.
public struct Fields: Sendable {
  /// Where the mapping begins.
  public let place: SourcePlace
  private let keys: [Key]
  private var values: [String: Value.Entry] = [:]
  private let what: String
  /// A value is not known before the scenario runs; a stand-in is read for it.
  let waits: Bool

  /// The entries of a mapping; an absent one has none.
  ///
  /// - Parameters:
  ///   - value: the mapping; anything else is refused.
  ///   - place: where to complain about what is missing.
  ///   - what: how messages call it: "step verify".
  ///   - keys: what may be there.
  ///   - variables: what `${name}` stands for.
  init(
    _ value: Value?, at place: SourcePlace, _ what: String, _ keys: [Key], _ variables: Variables
  ) throws(ScenarioError) {
    self.place = place
    self.what = what
    self.keys = keys
    var waits = false
    var entries: [Value.Entry] = []
    if let value, !value.isNothing {
      guard case .mapping(let given, _) = value else {
        throw ScenarioError(value.place, "\(what) takes named values: { key: value, … }")
      }
      entries = given
    }
    for entry in entries where !keys.contains(where: { $0.name == entry.key }) {
      throw ScenarioError(
        entry.place, Spelling.unknown("key of \(what)", entry.key, among: keys.map(\.name)))
    }
    for key in keys {
      guard let entry = entries.first(where: { $0.key == key.name }) else {
        guard !key.isRequired else { throw ScenarioError(place, "\(what) needs \(key.name)") }
        continue
      }
      var value = entry.value
      switch key.kind {
      // Their variables are replaced where they are read.
      case .steps, .alternatives, .values: break
      default: value = try variables.expand(value, waits: &waits)
      }
      try key.check(value)
      values[key.name] = Value.Entry(key: entry.key, place: entry.place, value: value)
    }
    self.waits = waits
  }

  /// The value of a key, or nil where the mapping does not have it.
  func value(_ name: String) -> Value? {
    precondition(keys.contains { $0.name == name }, "\(what) does not declare \(name)")
    return values[name]?.value
  }

  /// A text, or nil where the key is not there. Digits stay as they are written.
  public func text(_ name: String) -> String? {
    guard case .text(let text) = value(name) else { return nil }
    return text.string
  }

  /// The text of a key that is required.
  public func requiredText(_ name: String) -> String { text(name) ?? "" }

  /// One text or several; none where the key is not there.
  public func texts(_ name: String) -> [String] {
    guard case .list(let values, _) = value(name) else { return text(name).map { [$0] } ?? [] }
    return values.compactMap { if case .text(let text) = $0 { text.string } else { nil } }
  }

  /// Bytes, or nil where the key is not there.
  public func bytes(_ name: String) -> [UInt8]? { text(name).flatMap { Hex.bytes($0) } }

  /// A whole number, or nil where the key is not there.
  public func number(_ name: String) -> Int? { text(name).flatMap { Int($0) } }

  /// A day, or nil where the key is not there.
  public func day(_ name: String) -> Day? { text(name).flatMap { Day($0) } }

  /// One of several words, or nil where the key is not there.
  public func choice<Choice: RawRepresentable<String>>(
    _ name: String, _: Choice.Type = Choice.self
  ) -> Choice? {
    text(name).flatMap { Choice(rawValue: $0) }
  }

  /// A status word pattern; success where the key is not there.
  public func status(_ name: String = "expect") -> StatusPattern {
    text(name).flatMap { StatusPattern($0) } ?? .success
  }

  /// Named values, in order; none where the key is not there.
  func entries(_ name: String) -> [Value.Entry] {
    guard case .mapping(let entries, _) = value(name) else { return [] }
    return entries
  }

  /// An error at a key's value.
  public func wrong(_ name: String, _ message: String) -> ScenarioError {
    ScenarioError(values[name]?.value.place ?? place, message)
  }
}
