import ISO7816
import Issuance
import Testing

@testable import Firmware

@Suite("The card's life") struct LifeCycleTests {
  static let states: [LifeCycle] = [
    .manufactured, .initialised, .personalised, .operational, .terminated,
  ]

  /// One instruction: its name, what goes before, the command, and what each state answers to
  /// somebody who is nobody.
  static let table: [(name: String, before: [String], command: String, answers: [String])] = [
    ("SELECT", [], "00A4000C023F00", ["9000", "9000", "9000", "9000", "6285"]),
    ("GET DATA", [], "00CA018300", ["349000", "249000", "209000", "109000", "0C9000"]),
    (
      "READ BINARY", ["00A4020C022F02"], "00B0000001",
      ["5A9000", "5A9000", "5A9000", "5A9000", "6985"]
    ),
    ("READ RECORD", [], "00B2010400", ["6986", "6986", "6986", "6986", "6985"]),
    (
      "EXTERNAL AUTHENTICATE", ["0084000008"], "0082001F10" + String(repeating: "00", count: 16),
      ["63CE", "63CE", "63CE", "63CE", "6985"]
    ),
    ("PUT DATA life cycle", [], "00DA01830124", ["6982", "6982", "6982", "6982", "6985"]),
    ("read a public key", [], "0046810100", ["6A88", "6A88", "6A88", "6A88", "6985"]),
    ("CREATE FILE", [], "00E00000", ["6985", "6982", "6985", "6982", "6985"]),
    ("DELETE FILE", ["00A4020C022F02"], "00E40000", ["6985", "6982", "6985", "6982", "6985"]),
    ("PUT DATA object", [], "00DA016E", ["6985", "6982", "6985", "6982", "6985"]),
    ("PUT DATA environment", [], "00DA016D", ["6985", "6982", "6985", "6982", "6985"]),
    ("PUT DATA file control", [], "00DA016F", ["6985", "6982", "6985", "6982", "6985"]),
    (
      "UPDATE BINARY", ["00A4020C022F02"], "00D6000001AA",
      ["6985", "6982", "6982", "6982", "6985"]
    ),
    ("UPDATE RECORD", [], "00DC010401AA", ["6985", "6986", "6986", "6986", "6985"]),
    ("APPEND RECORD", [], "00E2000001AA", ["6985", "6986", "6986", "6986", "6985"]),
    (
      "GENERATE KEY PAIR", [], "00460001082001 3F01 00100020",
      ["6985", "6A88", "6982", "6982", "6985"]
    ),
    ("ACTIVATE FILE", [], "00440000", ["6985", "6982", "6982", "6982", "6985"]),
    ("DEACTIVATE FILE", [], "00040000", ["6985", "6982", "6982", "6982", "6985"]),
    ("TERMINATE EF", [], "00E80000", ["6985", "6982", "6982", "6982", "6985"]),
    ("TERMINATE DF", [], "00E60000", ["6985", "6982", "6982", "6982", "6985"]),
    (
      "CHANGE KEY DATA", [], "9024001F10" + String(repeating: "00", count: 16),
      ["6985", "6982", "6982", "6982", "6985"]
    ),
    ("VERIFY", [], "00200010", ["6985", "6985", "63C3", "63C3", "6985"]),
    (
      "CHANGE REFERENCE DATA", [], "0024001010 3132333435363738 3132333435363739",
      ["6985", "6985", "9000", "9000", "6985"]
    ),
    (
      "RESET RETRY COUNTER", [], "002C011008 3837363534333231",
      ["6985", "6985", "9000", "9000", "6985"]
    ),
    ("MSE RESTORE", [], "0022F303", ["6985", "6985", "9000", "9000", "6985"]),
    ("MSE SET", [], "0022F1B603830101", ["6985", "6985", "9000", "9000", "6985"]),
    (
      "COMPUTE DIGITAL SIGNATURE", ["0022F1B603830101"], "002A9E9A0101",
      ["6985", "6985", "6982", "6982", "6985"]
    ),
    (
      "DECIPHER", ["0022F1B803830101"], "002A80860101",
      ["6985", "6985", "6982", "6982", "6985"]
    ),
    (
      "INTERNAL AUTHENTICATE", ["0022F1A403830101"], "008800000101",
      ["6985", "6985", "6982", "6982", "6985"]
    ),
  ]

  /// A card in a state, with the issued structure where it has been created by then.
  private func card(in state: LifeCycle) throws -> BuiltCard {
    let hasStructure = state == .personalised || state == .operational
    let card = try BuiltCard(state, policy: hasStructure ? .standard : nil)
    try card.restart()
    return card
  }

  @Test(
    "decides which commands are carried out: every instruction in every state", arguments: 0..<5)
  func table(position: Int) throws {
    for row in Self.table {
      let card = try card(in: Self.states[position])
      for command in row.before { _ = try card.send(command) }
      let answer = try card.send(row.command)
      #expect(answer == row.answers[position], "\(row.name) when \(Self.states[position])")
    }
    // GET CHALLENGE answers something else each time.
    let challenge = try card(in: Self.states[position]).send("0084000008")
    #expect(challenge.count == (position == 4 ? 4 : 20))
  }

  @Test("goes on, never back", arguments: LifeCycle.allCases)
  func successors(from: LifeCycle) throws {
    let state = try #require(LifeCycle(rawValue: from.rawValue))
    for next in LifeCycle.allCases {
      let card = try BuiltCard(state)
      if from != .terminated {
        try card.restart()
        try card.authenticateIssuer()
      }
      let answer = try card.send("00DA018301" + Hex.text([next.rawValue]))
      let isPossible = from.successors.contains(next)
      #expect(answer == (isPossible ? "9000" : "6985"), "\(from) to \(next)")
      try card.restart()
      #expect(
        try card.send("00CA018300") == Hex.text([isPossible ? next.rawValue : from.rawValue])
          + "9000")
    }
  }

  @Test("shows in the control information of every file")
  func fileState() throws {
    for (state, byte) in zip(Self.states, ["01", "01", "03", "05", "0C"]) {
      let card = try card(in: state)
      let master = try card.send("00A40004023F0000")
      #expect(master.contains("8501" + Hex.text([state.rawValue])))
      #expect(master.dropLast(4).hasSuffix("8A01" + byte))
      #expect(try card.send("00A40204022F0200").dropLast(4).hasSuffix("8A01" + byte))
    }
  }
}
