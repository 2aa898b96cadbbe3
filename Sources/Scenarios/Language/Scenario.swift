public import Authority
import Issuance

/// One scenario, read and checked: what can be wrong with its file was found before anything runs.
public struct Scenario: Sendable {
  /// The file's path as it was given.
  public let file: String
  /// One line that says what is told; of a file that tells several, with what sets this one apart.
  public let name: String
  /// Why it matters, for people.
  public let details: String?
  /// Where the rules come from that it checks.
  public let source: String?
  /// Words to choose it by.
  public let tags: [String]
  /// Everything random follows from it.
  public private(set) var seed: UInt64
  /// The day it begins, at midnight UTC.
  public let date: Day
  /// The chip that `issue` takes.
  public let chip: Chip
  /// The form of the device that `issue` hands out.
  public let device: DeviceKind
  /// Who asks for it.
  public let holder: Holder
  /// The chamber of commerce whose rules apply, or nil for the built-in test chamber.
  public let chamber: ChamberPolicy?
  /// What happens.
  public let steps: [PlacedStep]

  /// The day scenarios begin that do not say.
  public static let defaultDate = "2026-03-02"

  /// What a scenario file may say.
  static let keys: [Key] = [
    .required("name", .text, "one line that says what is told"),
    .optional("description", .text, "why it matters"),
    .optional("source", .text, "where the rules come from that it checks"),
    .optional("tags", .texts, "words to choose it by: softdna run --tag"),
    .optional("seed", .number(0...Int.max), "everything random follows from it; 1"),
    .optional("date", .day, "the day it begins, at midnight UTC; \(defaultDate)"),
    .optional("chip", .choice(of: Chip.self), "the chip that issue takes; current"),
    .optional("device", .choice(of: DeviceKind.self), "the device's form; token"),
    .optional("chamber", .text, "the policy file of the chamber whose rules apply"),
    .optional(
      "holder", .holder(HolderReader.keys),
      "a holder file, or what differs from the built-in fictitious holder"),
    .optional("let", .values, "variables: ${name} in any value below stands for the text"),
    .optional("for-each", .alternatives, "one scenario for each combination of these variables"),
    .required("steps", .steps, "what happens"),
  ]

  /// Every scenario a file tells: one, or with `for-each` one for each combination.
  ///
  /// - Throws: where the file cannot be read, is no YAML, or says something that is not understood.
  public static func read(_ file: String) throws(ScenarioError) -> [Scenario] {
    try scenarios(Value.read(file))
  }

  /// Every scenario that a text tells; `file` is the name messages use, and where includes are
  /// looked for.
  ///
  /// - Throws: as `read(_:)`.
  public static func parse(_ text: String, file: String) throws(ScenarioError) -> [Scenario] {
    try scenarios(Value.parse(text, file: file))
  }

  private static func scenarios(_ root: Value) throws(ScenarioError) -> [Scenario] {
    guard case .mapping(let entries, _) = root else {
      throw ScenarioError(root.place, "a scenario takes named values: { key: value, … }")
    }
    for entry in entries where !keys.contains(where: { $0.name == entry.key }) {
      throw ScenarioError(
        entry.place, Spelling.unknown("key of a scenario", entry.key, among: keys.map(\.name)))
    }
    var scenarios: [Scenario] = []
    for combination in try combinations(entries) {
      scenarios.append(try Scenario(root, entries, combination))
    }
    return scenarios
  }

  /// How many scenarios a file may tell.
  private static let mostCombinations = 10_000

  /// Every combination of what `for-each` lists, the last variable changing fastest.
  private static func combinations(_ entries: [Value.Entry]) throws(ScenarioError)
    -> [[(name: String, value: String)]]
  {
    guard let matrix = entries.first(where: { $0.key == "for-each" }),
      let key = keys.first(where: { $0.name == "for-each" })
    else { return [[]] }
    try key.check(matrix.value)
    guard case .mapping(let variables, _) = matrix.value else { return [[]] }
    var combinations: [[(name: String, value: String)]] = [[]]
    for variable in variables {
      guard case .list(let values, _) = variable.value else { continue }
      let texts = values.compactMap { value -> String? in
        if case .text(let text) = value { text.string } else { nil }
      }
      guard combinations.count * texts.count <= mostCombinations else {
        throw ScenarioError(
          variable.place, "with this variable there are more than \(mostCombinations) scenarios")
      }
      combinations = combinations.flatMap { begun in
        texts.map { begun + [(variable.key, $0)] }
      }
    }
    return combinations
  }

  private init(
    _ root: Value, _ entries: [Value.Entry], _ combination: [(name: String, value: String)]
  ) throws(ScenarioError) {
    var variables = Variables()
    for (name, value) in combination { variables.define(name, value) }
    if let written = entries.first(where: { $0.key == "let" }) {
      try variables.define(all: written.value, named: "let", replacing: true)
    }
    let place = SourcePlace(file: root.place.file, line: 1, column: 1)
    let fields = try Fields(root, at: place, "a scenario", Self.keys, variables)
    file = place.file
    let suffix = combination.map { "\($0.name)=\($0.value)" }.joined(separator: ", ")
    name = fields.requiredText("name") + (suffix.isEmpty ? "" : " [\(suffix)]")
    details = fields.text("description")
    source = fields.text("source")
    tags = fields.texts("tags")
    seed = UInt64(fields.number("seed") ?? 1)
    // The default is a day.
    date = fields.day("date") ?? Day(Self.defaultDate) ?? Day(number: 0)
    chip = fields.choice("chip") ?? .current
    device = fields.choice("device") ?? .token
    holder = try HolderReader.holder(fields)
    do {
      chamber = try fields.text("chamber").map {
        try AuthorityFile.policy(StepReader.path($0, from: place.file))
      }
    } catch {
      throw fields.wrong("chamber", "\(error)")
    }
    var reader = StepReader(variables)
    guard case .list(let steps, _) = fields.value("steps") else { throw fields.wrong("steps", "") }
    self.steps = try reader.steps(steps)
  }

  /// The same scenario with another seed; itself where that is nil.
  public func reseeded(_ seed: UInt64?) -> Scenario {
    var scenario = self
    scenario.seed = seed ?? self.seed
    return scenario
  }
}

extension Variables {
  /// Defines what a mapping of names with a text each says; the texts may use what is defined
  /// before them.
  mutating func define(all value: Value, named name: String, replacing: Bool)
    throws(ScenarioError)
  {
    try Key.optional(name, .values, "").check(value)
    guard case .mapping(let entries, _) = value else { return }
    for entry in entries {
      guard case .text(let text) = entry.value, replacing || !names.contains(entry.key) else {
        continue
      }
      var waits = false
      let expanded = try expand(text, waits: &waits)
      guard !waits else {
        throw ScenarioError(
          text.place, "\(entry.key) cannot be defined by what a step captures only later")
      }
      define(entry.key, expanded.string)
    }
  }
}
