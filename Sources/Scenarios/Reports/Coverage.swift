import ISO7816
import Terminal

/// Which instructions, answers and states of the card a run has seen, and what it has not.
public struct Coverage: Sendable {
  /// One way an instruction was answered.
  struct Answer: Hashable {
    let status: String
    let lifeCycle: String
    let pins: String
  }

  /// By instruction, how often it was answered how.
  private(set) var instructions: [String: [Answer: Int]] = [:]

  /// The instructions that a CNS has, by their INS. The standard names more: a card that does not have
  /// them answers each in the same way.
  private static let ofCard: [UInt8] = [
    0x04, 0x20, 0x22, 0x24, 0x2A, 0x2C, 0x44, 0x46, 0x47, 0x82, 0x84, 0x88, 0xA4, 0xB0, 0xB2, 0xC0,
    0xCA, 0xD6, 0xDA, 0xDC, 0xE0, 0xE2, 0xE4, 0xE6, 0xE8,
  ]
  /// Their names.
  static let known: [String] = ofCard.reduce(into: []) { names, instruction in
    if let name = name(of: instruction), !names.contains(name) { names.append(name) }
  }
  /// The states of a card's life.
  static let lifeCycles = [
    "manufactured", "initialised", "personalised", "operational", "terminated",
  ]

  /// What these scenarios have seen.
  public init(_ results: [ScenarioReport]) {
    for result in results {
      var watch = CardWatch()
      for step in result.steps {
        watch.begin(step.keyword)
        for exchange in step.exchanges {
          guard let status = exchange.status else { continue }
          let bytes = exchange.commandBytes
          let name = bytes.count > 1 ? Self.name(of: bytes[1]) ?? "unknown" : "unknown"
          let answer = Answer(
            status: Self.family(status), lifeCycle: watch.lifeCycle, pins: watch.pinState)
          instructions[name, default: [:]][answer, default: 0] += 1
          watch.see(bytes, status)
        }
        watch.end(step.keyword)
      }
    }
  }

  /// The status words an instruction was answered with, and how often: everywhere, or in one state of
  /// life, and in one state of the PINs.
  func statuses(
    of instruction: String, in lifeCycle: String? = nil, _ pins: String? = nil
  ) -> [(status: String, count: Int)] {
    var counts: [String: Int] = [:]
    for (answer, count) in instructions[instruction] ?? [:]
    where lifeCycle ?? answer.lifeCycle == answer.lifeCycle && pins ?? answer.pins == answer.pins {
      counts[answer.status, default: 0] += count
    }
    return counts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The states of life an instruction was sent in.
  func lifeCycles(of instruction: String) -> Set<String> {
    Set((instructions[instruction] ?? [:]).keys.map(\.lifeCycle))
  }

  /// The states of the PINs an instruction was sent in.
  func pinStates(of instruction: String) -> Set<String> {
    Set((instructions[instruction] ?? [:]).keys.map(\.pins))
  }

  /// What no scenario reaches, a sentence each.
  var unreached: [String] {
    let answers = instructions.values.flatMap(\.keys)
    let (statuses, pins) = (Set(answers.map(\.status)), Set(answers.map(\.pins)))
    var sentences: [String] = []
    func tell(_ what: String, _ missing: [String]) {
      if !missing.isEmpty { sentences.append("\(what): \(missing.joined(separator: ", "))") }
    }
    tell("instructions never sent", Self.known.filter { instructions[$0] == nil })
    for state in Self.lifeCycles {
      tell(
        "never sent to a card that is \(state)",
        Self.known.filter {
          instructions[$0] != nil && !lifeCycles(of: $0).contains(state)
        })
    }
    tell("status words never seen", Self.statuses.filter { !statuses.contains($0) })
    tell("states of the PINs no command met", CardWatch.pinStates.filter { !pins.contains($0) })
    return sentences
  }

  /// The status words that have a meaning of their own, those with numbers in them as families.
  private static let statuses =
    (StatusWord.withMeaning.map(\.text) + ["61xx", "63Cx", "6Cxx"]).sorted()

  /// A table for a terminal.
  public var text: String {
    var text = "\nCoverage: instruction, states of life and of the PINs, answers seen\n"
    for instruction in Self.known where instructions[instruction] != nil {
      let answers = statuses(of: instruction).map { "\($0.status)×\($0.count)" }
      let lives = Self.lifeCycles.map {
        lifeCycles(of: instruction).contains($0) ? $0.prefix(1) : "·"
      }
      text += "  " + Self.padded(instruction, 34) + lives.joined() + "  "
      text += Self.padded("\(pinStates(of: instruction).count) PIN states", 14)
      text += answers.joined(separator: " ") + "\n"
    }
    text += "  what no scenario reaches:\n"
    for sentence in unreached { text += "    \(sentence)\n" }
    return text
  }

  private static func padded(_ text: String, _ width: Int) -> String {
    text + String(repeating: " ", count: max(1, width - text.count))
  }

  /// `61xx`, `63Cx` and `6Cxx` carry numbers; every other status word stands for itself.
  private static func family(_ status: StatusWord) -> String {
    if status.triesLeft != nil { return "63Cx" }
    return [0x61, 0x6C].contains(status.sw1) ? status.text.prefix(2) + "xx" : status.text
  }

  /// The words in capitals that an instruction's meaning begins with.
  static func name(of instruction: UInt8) -> String? {
    guard ofCard.contains(instruction) else { return nil }
    let meaning = CommandAPDU.meaning(of: [0x00, instruction, 0x00, 0x00])
    let words = meaning.prefix { $0 != ":" && $0 != "," }.split(separator: " ")
      .prefix { $0.allSatisfy { $0.isUppercase } }
    return words.joined(separator: " ")
  }
}
