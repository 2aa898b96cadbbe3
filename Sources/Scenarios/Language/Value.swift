import Foundation
import Yams

/// A value in a scenario file, with the place where it stands.
public indirect enum Value: Sendable {
  /// A word, number or text, as it is written.
  case text(Text)
  /// A list.
  case list([Value], SourcePlace)
  /// Named values.
  case mapping([Entry], SourcePlace)

  /// A word, number or text.
  public struct Text: Sendable {
    /// What it says.
    public var string: String
    /// Where it begins.
    public let place: SourcePlace
    /// Columns from there to its first character; nil where it runs over several lines.
    let indent: Int?

    /// The place of one of its characters, or its own where that cannot be told.
    func place(atOffset offset: Int) -> SourcePlace {
      guard let indent else { return place }
      return SourcePlace(
        file: place.file, line: place.line, column: place.column + indent + offset)
    }
  }

  /// One named value.
  public struct Entry: Sendable {
    /// The name.
    public let key: String
    /// Where the name stands.
    public let place: SourcePlace
    /// The value.
    public let value: Value
  }

  /// Where it begins.
  public var place: SourcePlace {
    switch self {
    case .text(let text): text.place
    case .list(_, let place), .mapping(_, let place): place
    }
  }

  /// Nothing: an empty value or `~`.
  var isNothing: Bool {
    if case .text(let text) = self { text.string.isEmpty || text.string == "~" } else { false }
  }

  /// Reads a file.
  ///
  /// - Throws: where it cannot be read, is not UTF-8 or no YAML.
  static func read(_ file: String) throws(ScenarioError) -> Value {
    let top = SourcePlace(file: file, line: 1, column: 1)
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ScenarioError(top, "the file cannot be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ScenarioError(top, "the file is not UTF-8")
    }
    return try parse(text, file: file)
  }

  /// Reads a text; `file` is the name messages use.
  ///
  /// - Throws: where it is no YAML.
  static func parse(_ text: String, file: String) throws(ScenarioError) -> Value {
    let top = SourcePlace(file: file, line: 1, column: 1)
    do {
      guard let node = try Yams.compose(yaml: text) else {
        throw ScenarioError(top, "the file is empty")
      }
      var room = mostValues
      return try Value(node, near: top, &room)
    } catch let error as ScenarioError {
      throw error
    } catch let error as YamlError {
      throw complaint(error, file: file)
    } catch {
      throw ScenarioError(top, "not YAML: \(error)")
    }
  }

  /// How many values a file may hold. Aliases of lists of aliases make them without end.
  private static let mostValues = 1_000_000

  /// - Parameter room: how many values more there may be.
  private init(_ node: Node, near: SourcePlace, _ room: inout Int) throws(ScenarioError) {
    let place =
      node.mark.map { SourcePlace(file: near.file, line: $0.line, column: $0.column) } ?? near
    room -= 1
    guard room >= 0 else {
      throw ScenarioError(place, "with this the file holds more than \(Self.mostValues) values")
    }
    switch node {
    case .scalar(let scalar):
      let indent: Int? =
        switch scalar.style {
        case .singleQuoted, .doubleQuoted: 1
        case .literal, .folded: nil
        default: 0
        }
      self = .text(Text(string: scalar.string, place: place, indent: indent))
    case .sequence(let sequence):
      var values: [Value] = []
      for node in sequence { values.append(try Value(node, near: place, &room)) }
      self = .list(values, place)
    case .mapping(let mapping):
      var entries: [Entry] = []
      for (key, value) in mapping {
        guard case .text(let name) = try Value(key, near: place, &room) else {
          throw ScenarioError(place, "a key must be a word")
        }
        entries.append(
          Entry(
            key: name.string, place: name.place,
            value: try Value(value, near: name.place, &room)))
      }
      self = .mapping(entries, place)
    case .alias:
      throw ScenarioError(place, "an alias that nothing anchors")
    }
  }

  /// What libyaml says, as ours.
  private static func complaint(_ error: YamlError, file: String) -> ScenarioError {
    switch error {
    case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
      .composer(_, let problem, let mark, _):
      ScenarioError(
        SourcePlace(file: file, line: mark.line, column: mark.column),
        "not YAML: \(problem)"
          // What people do who meet this.
          + (problem.contains("cannot start any token")
            ? "; lines are indented by blanks, not tabs, and text with @ % ` in front is quoted"
            : ""))
    case .duplicatedKeysInMapping(let duplicates, let context):
      ScenarioError(
        SourcePlace(file: file, line: context.mark.line, column: context.mark.column),
        "a key stands twice: \(duplicates.sorted().joined(separator: ", "))")
    default:
      ScenarioError(SourcePlace(file: file, line: 1, column: 1), "not YAML: \(error)")
    }
  }
}
