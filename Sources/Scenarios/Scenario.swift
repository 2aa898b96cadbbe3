public import Authority
import Foundation
import Yams

/// One scenario file, read and checked: what can be wrong with it was found before anything runs.
public struct Scenario: Sendable {
  /// The file's path as it was given.
  public let file: String
  /// One line that says what is told.
  public let name: String
  /// Where the rules come from that it checks.
  public let source: String?
  /// Everything random follows from it.
  public private(set) var seed: UInt64
  /// The day it begins, at midnight UTC.
  public let date: Day
  /// The chip that `issue` takes.
  public let chip: Chip
  /// The form of the device that `issue` hands out.
  public let device: DeviceKind
  /// What happens.
  public let steps: [PlacedStep]

  /// The day scenarios begin that do not say.
  public static let defaultDate = "2026-03-02"

  /// Reads a scenario file.
  ///
  /// - Throws: where the file cannot be read, is no YAML, or says something that is not understood.
  public init(file: String) throws(ScenarioError) {
    guard let data = FileManager.default.contents(atPath: file) else {
      throw ScenarioError(
        SourcePlace(file: file, line: 1, column: 1), "the file cannot be read")
    }
    guard let text = String(data: data, encoding: .utf8) else {
      throw ScenarioError(SourcePlace(file: file, line: 1, column: 1), "the file is not UTF-8")
    }
    try self.init(text, file: file)
  }

  /// Reads a scenario from its text; `file` is the name messages use.
  ///
  /// - Throws: as `init(file:)`.
  public init(_ text: String, file: String) throws(ScenarioError) {
    let top = SourcePlace(file: file, line: 1, column: 1)
    let fields = try Fields(
      try YAMLDocument.root(text, file: file), in: file, at: top, "a scenario")
    self.file = file
    guard let name = try fields.text("name") else { throw fields.missing("name") }
    self.name = name
    source = try fields.text("source")
    seed = UInt64(try fields.number("seed", in: 0...Int.max) ?? 1)
    let written = try fields.text("date") ?? Self.defaultDate
    guard let date = Day(written) else {
      throw fields.wrong("date", "\"\(written)\" is no day: write YYYY-MM-DD")
    }
    self.date = date
    chip = try fields.choice("chip") ?? .current
    device = try fields.choice("device") ?? .token
    guard let (place, node) = fields.node("steps") else { throw fields.missing("steps") }
    guard case .sequence(let nodes) = node, !nodes.isEmpty else {
      throw ScenarioError(place, "steps is a list with at least one step")
    }
    var steps: [PlacedStep] = []
    for node in nodes { steps.append(try Self.step(node, file: file, near: place)) }
    self.steps = steps
    try fields.finish()
  }

  /// The same scenario with another seed; itself where that is nil.
  public func reseeded(_ seed: UInt64?) -> Scenario {
    var scenario = self
    scenario.seed = seed ?? self.seed
    return scenario
  }

  /// A step is a word, or a word with values: `reset`, `verify: { pin: … }`.
  private static func step(_ node: Node, file: String, near: SourcePlace) throws(ScenarioError)
    -> PlacedStep
  {
    let place = near.at(node, else: near)
    let keyword: String
    let values: Node?
    switch node {
    case .scalar(let scalar): (keyword, values) = (scalar.string, nil)
    case .mapping(let mapping):
      guard mapping.count == 1, let (key, value) = mapping.first, case .scalar(let word) = key
      else {
        throw ScenarioError(
          place, "a step is one word with its values; indent the values below the word")
      }
      (keyword, values) = (word.string, value)
    default: throw ScenarioError(place, "a step is a word, or a word with values")
    }
    let type = try Vocabulary.step(keyword, at: place)
    let fields = try Fields(values, in: file, at: place, "step \(keyword)")
    let step = try type.init(fields)
    try fields.finish()
    return PlacedStep(place: place, step: step)
  }
}

/// YAML by libyaml, with its complaints as ours.
enum YAMLDocument {
  static func root(_ text: String, file: String) throws(ScenarioError) -> Node? {
    do {
      return try Yams.compose(yaml: text)
    } catch {
      let first = SourcePlace(file: file, line: 1, column: 1)
      switch error as? YamlError {
      case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
        .composer(_, let problem, let mark, _):
        throw ScenarioError(
          SourcePlace(file: file, line: mark.line, column: mark.column), "not YAML: \(problem)")
      case .duplicatedKeysInMapping(let duplicates, let context):
        throw ScenarioError(
          SourcePlace(file: file, line: context.mark.line, column: context.mark.column),
          "a key stands twice: \(duplicates.sorted().joined(separator: ", "))")
      default: throw ScenarioError(first, "not YAML: \(error)")
      }
    }
  }
}
