import ISO7816
import Issuance
import Terminal

/// VERIFY.
struct Verify: Step {
  static let keyword = "verify"
  static let summary = "present a PIN; without pin, the one the holder knows"
  let key: KeyName
  let pin: String?
  let expect: StatusPattern

  static let keys: [Key] = [
    .key, .optional("pin", .text, "the PIN to present; the one the holder knows"), .expect,
  ]

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .cns
    pin = fields.text("pin")
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String {
    "\(pin == nil ? "present the \(key.rawValue) PIN" : "present a \(key.rawValue) PIN")"
      + " → \(expect)"
  }

  func run(in world: World) throws(StepFailure) {
    let code = try world.code(.pin(key), or: pin)
    try world.select(key.slot.keyDirectory)
    let answer = try world.send(ins: 0x20, p2: key.slot.pin, data: CardSession.padded(code))
    try expect.check(answer.status)
  }
}

/// CHANGE REFERENCE DATA.
struct ChangePIN: Step {
  static let keyword = "change-pin"
  static let summary = "change a PIN: old (or the one the holder knows) and new"
  let key: KeyName
  let old: String?
  let new: String
  let expect: StatusPattern

  static let keys: [Key] = [
    .key, .optional("old", .text, "the PIN until now; the one the holder knows"),
    .required("new", .text, "the PIN from now on"), .expect,
  ]

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .cns
    old = fields.text("old")
    new = fields.requiredText("new")
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String { "change the \(key.rawValue) PIN → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let old = CardSession.padded(try world.code(.pin(key), or: old))
    try world.select(key.slot.keyDirectory)
    let answer = try world.send(
      ins: 0x24, p2: key.slot.pin, data: old + CardSession.padded(new))
    try expect.check(answer.status)
    if answer.status == .success { world.learn(.pin(key), new) }
  }
}

/// RESET RETRY COUNTER.
struct Unblock: Step {
  static let keyword = "unblock"
  static let summary = "unblock a PIN by its PUK and set a new one"
  let key: KeyName
  let puk: String?
  let new: String?
  let expect: StatusPattern

  static let keys: [Key] = [
    .key, .optional("puk", .text, "the PUK to present; the one the holder knows"),
    .optional("new-pin", .text, "the PIN from now on; the one until now"), .expect,
  ]

  init(_ fields: Fields) {
    key = fields.choice("key") ?? .cns
    puk = fields.text("puk")
    new = fields.text("new-pin")
    expect = fields.status()
  }

  var use: CardUse { .spending }
  var title: String { "unblock the \(key.rawValue) PIN by its PUK → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let puk = CardSession.padded(try world.code(.puk(key), or: puk))
    let new = try world.code(.pin(key), or: new)
    try world.select(key.slot.keyDirectory)
    let answer = try world.send(
      ins: 0x2C, p2: key.slot.pin, data: puk + CardSession.padded(new))
    try expect.check(answer.status)
    if answer.status == .success { world.learn(.pin(key), new) }
  }
}

/// VERIFY without data: how many tries are left.
struct ExpectTries: Step {
  static let keyword = "expect-tries"
  static let summary = "check how many tries a PIN (pin) or PUK (puk) has left; 0 is blocked"
  let key: KeyName
  let pin: Int?
  let puk: Int?

  static let keys: [Key] = [
    .key, .optional("pin", .number(0...15), "tries of the PIN"),
    .optional("puk", .number(0...15), "tries of its PUK"),
  ]

  init(_ fields: Fields) throws(ScenarioError) {
    key = fields.choice("key") ?? .cns
    pin = fields.number("pin")
    puk = fields.number("puk")
    guard pin != nil || puk != nil else {
      throw ScenarioError(fields.place, "step expect-tries needs pin or puk")
    }
  }

  var use: CardUse { .reading }
  var title: String {
    [pin.map { "the \(key.rawValue) PIN has \($0)" }, puk.map { "its PUK has \($0)" }]
      .compactMap { $0 }.joined(separator: ", ") + " tries left"
  }

  func run(in world: World) throws(StepFailure) {
    try world.select(key.slot.keyDirectory)
    for (name, reference, expected) in [
      ("PIN", key.slot.pin, pin), ("PUK", key.slot.puk, puk),
    ] {
      guard let expected else { continue }
      let status = try world.send(ins: 0x20, p2: reference).status
      let left = status == .authenticationMethodBlocked ? 0 : status.triesLeft.map { Int($0) }
      guard let left else {
        throw StepFailure(
          "the card does not tell the \(name)'s tries: \(status.text), \(status.meaning)"
            + (status == .success ? " (it is verified; reset first)" : ""))
      }
      guard left == expected else {
        throw StepFailure("expected \(expected) tries for the \(name), the card has \(left)")
      }
    }
  }
}
