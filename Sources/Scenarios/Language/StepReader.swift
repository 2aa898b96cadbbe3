import Foundation

/// Reads lists of steps, and the fragments they include.
struct StepReader {
  private var variables: Variables
  /// The files that are being read, outermost first.
  private let files: [String]

  /// A reader of steps that know these variables.
  init(_ variables: Variables) { self.init(variables, inside: []) }

  private init(_ variables: Variables, inside files: [String]) {
    self.variables = variables
    self.files = files
  }

  /// What a fragment may say.
  static let fragmentKeys: [Key] = [
    .required("fragment", .text, "one line that says what these steps do"),
    .optional("description", .text, "what it needs and what it leaves"),
    .optional("let", .values, "variables that whoever includes it may define otherwise"),
    .required("steps", .steps, "what happens"),
  ]

  /// What `include` takes.
  static let includeKeys: [Key] = [
    .required("file", .text, "the fragment, relative to the file that includes it"),
    .optional("with", .values, "variables for the fragment"),
  ]

  /// The steps of a list, those of its includes in their place.
  mutating func steps(_ nodes: [Value]) throws(ScenarioError) -> [PlacedStep] {
    var steps: [PlacedStep] = []
    for node in nodes {
      let (keyword, place, values) = try parts(node)
      if keyword == "include" {
        steps += try included(values, at: place)
      } else {
        let step = try PlacedStep(keyword, values, at: place, variables)
        if let name = step.captured { variables.capture(name) }
        steps.append(step)
      }
    }
    return steps
  }

  /// A step is a word, or a word with values: `reset`, `verify: { pin: … }`.
  private func parts(_ node: Value) throws(ScenarioError)
    -> (keyword: String, place: SourcePlace, values: Value?)
  {
    switch node {
    case .text(let text):
      var waits = false
      return (try variables.expand(text, waits: &waits).string, text.place, nil)
    case .mapping(let entries, let place):
      guard entries.count == 1, let entry = entries.first else {
        throw ScenarioError(
          entries.dropFirst().first?.place ?? place,
          "a step is one word with its values; indent the values below the word")
      }
      return (entry.key, entry.place, entry.value)
    case .list(_, let place):
      throw ScenarioError(place, "a step is a word, or a word with values")
    }
  }

  // MARK: Fragments

  private mutating func included(_ values: Value?, at place: SourcePlace)
    throws(ScenarioError) -> [PlacedStep]
  {
    var inner = variables
    let name: Value.Text
    switch values {
    case .text(let text):
      var waits = false
      name = try variables.expand(text, waits: &waits)
    default:
      let fields = try Fields(values, at: place, "include", Self.includeKeys, variables)
      guard case .text(let text) = fields.value("file") else { return [] }
      name = text
      if let with = fields.value("with") {
        try inner.define(all: with, named: "with", replacing: true)
      }
    }
    let path = Self.path(name.string, from: place.file)
    let chain = files + [Self.whole(place.file)]
    if let first = chain.firstIndex(of: Self.whole(path)) {
      let circle = (chain[first...] + [Self.whole(path)]).map {
        ($0 as NSString).lastPathComponent
      }
      throw ScenarioError(
        name.place, "includes go round in a circle: \(circle.joined(separator: " → "))")
    }
    guard FileManager.default.isReadableFile(atPath: path) else {
      throw ScenarioError(name.place, "the fragment \(path) cannot be read")
    }
    let root = try Value.read(path)
    if case .mapping(let entries, _) = root,
      let written = entries.first(where: { $0.key == "let" })
    {
      try inner.define(all: written.value, named: "let", replacing: false)
    }
    let fields = try Fields(
      root, at: SourcePlace(file: path, line: 1, column: 1), "a fragment", Self.fragmentKeys, inner)
    guard case .list(let nodes, _) = fields.value("steps") else { return [] }
    var reader = StepReader(inner, inside: chain)
    let steps = try reader.steps(nodes)
    variables.takeCaptures(of: reader.variables)
    return steps
  }

  /// A path that a file names, as seen from where we are.
  static func path(_ name: String, from file: String) -> String {
    guard !name.hasPrefix("/") else { return name }
    let folder = (file as NSString).deletingLastPathComponent
    let joined = folder.isEmpty ? name : folder + "/" + name
    // Keeps relative paths relative.
    var parts: [Substring] = []
    for part in joined.split(separator: "/") where part != "." {
      if part == "..", let last = parts.last, last != ".." {
        parts.removeLast()
      } else {
        parts.append(part)
      }
    }
    return (joined.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
  }

  private static func whole(_ path: String) -> String {
    URL(fileURLWithPath: path).standardizedFileURL.path
  }
}
