import ISO7816

/// What somebody at the wire can tell of a card: the state of its life, who is verified, how many
/// tries are left.
struct CardWatch {
  /// What is known of one PIN or PUK.
  struct Code: Equatable {
    /// Tries left; nil where nothing told.
    var tries: Int?
    /// The most tries it was seen with.
    var most = 0
    /// It was presented since the last reset.
    var isVerified = false
  }

  private(set) var lifeCycle = "manufactured"
  /// By identifier: 10 and 11 PIN and PUK of the CNS key, 1A and 1B of the signature key.
  private(set) var codes: [UInt8: Code] = [:]

  /// The identifiers of the codes that are watched, with names.
  static let watched: [(identifier: UInt8, name: String)] = [
    (0x10, "CNS PIN"), (0x11, "CNS PUK"), (0x1A, "signature PIN"), (0x1B, "signature PUK"),
  ]

  /// Which PINs are verified or blocked, in words.
  var pinState: String {
    let pins = Self.watched.filter { $0.name.hasSuffix("PIN") }
    return Self.words(
      verified: pins.filter { codes[$0.identifier]?.isVerified == true }.map(\.name),
      blocked: pins.filter { codes[$0.identifier]?.tries == 0 }.map(\.name))
  }

  /// Every state two PINs can be in, each closed, verified or blocked.
  static let pinStates: [String] = {
    let pins = watched.map(\.name).filter { $0.hasSuffix("PIN") }
    // A digit of the number says how it is with one PIN.
    return (0..<9).map { number in
      let states = zip(pins, [number / 3, number % 3])
      return words(
        verified: states.filter { $0.1 == 1 }.map(\.0),
        blocked: states.filter { $0.1 == 2 }.map(\.0))
    }
  }()

  private static func words(verified: [String], blocked: [String]) -> String {
    let known = verified.isEmpty ? "no PIN" : verified.joined(separator: " and ")
    return ([known + " verified"] + blocked.map { $0 + " blocked" }).joined(separator: ", ")
  }

  /// A step begins: one that powers or resets the card takes verification away, and a new issue is
  /// another card.
  mutating func begin(_ keyword: String) {
    switch keyword {
    case "issue", "issued", "replace", "manufacture": self = CardWatch()
    case "reset", "power-cut", "remove", "insert": forget()
    default: break
    }
  }

  /// A step has ended.
  mutating func end(_ keyword: String) {
    if ["issue", "issued", "replace", "host"].contains(keyword) { forget() }
  }

  /// One command and the status word that answered it.
  mutating func see(_ bytes: [UInt8], _ status: StatusWord) {
    guard let command = try? CommandAPDU(parsing: bytes.span) else { return }
    let data = Array(bytes[command.data])
    switch (command.ins, command.p1, command.p2) {
    case (0xDA, 0x01, 0x83): if status == .success, let state = data.first { enter(state) }
    case (0xDA, 0x01, 0x6E): if status == .success { create(data) }
    case (0x20, _, let reference): present(reference & 0x1F, status, asks: data.isEmpty)
    case (0x24, _, let reference): present(reference & 0x1F, status, asks: false)
    case (0x2C, _, let reference): unblock(reference & 0x1F, status)
    default: break
    }
  }

  private mutating func enter(_ state: UInt8) {
    switch state {
    case 0x24: lifeCycle = "initialised"
    case 0x20: lifeCycle = "personalised"
    case 0x10: lifeCycle = "operational"
    case 0x0C: lifeCycle = "terminated"
    default: break
    }
  }

  /// PUT DATA of a base security object: `83 02 class id`, `85 08 … tries …`.
  private mutating func create(_ data: [UInt8]) {
    guard data.count >= 8, data[0] == 0x83, data[2] == 0x00, data[4] == 0x85 else { return }
    let most = Int(data[7] & 0x0F)
    codes[data[3]] = Code(tries: most, most: most)
  }

  private mutating func present(_ identifier: UInt8, _ status: StatusWord, asks: Bool) {
    var code = codes[identifier] ?? Code()
    if let left = status.triesLeft {
      code.tries = Int(left)
      code.most = max(code.most, Int(left))
      code.isVerified = false
    } else if status == .authenticationMethodBlocked {
      code.tries = 0
      code.isVerified = false
    } else if status == .success {
      code.isVerified = true
      // Of a card that was not issued here nobody told the most tries.
      if !asks { code.tries = code.most > 0 ? code.most : nil }
    }
    codes[identifier] = code
  }

  /// RESET RETRY COUNTER speaks of the PUK while it is wrong.
  private mutating func unblock(_ identifier: UInt8, _ status: StatusWord) {
    let puk = identifier + 1
    if let left = status.triesLeft {
      codes[puk, default: Code()].tries = Int(left)
    } else if status == .authenticationMethodBlocked {
      codes[puk, default: Code()].tries = 0
    } else if status == .success {
      codes[puk, default: Code()].tries = codes[puk]?.most
      codes[identifier, default: Code()].tries = codes[identifier]?.most
      codes[identifier, default: Code()].isVerified = false
    }
  }

  private mutating func forget() {
    for identifier in codes.keys { codes[identifier]?.isVerified = false }
  }
}
