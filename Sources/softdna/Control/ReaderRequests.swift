import Authority
import Firmware
import ISO7816
import Terminal
import TokenHost

/// `insert`.
enum InsertRequest: ControlRequest {
  static let name = "insert"
  static let summary = "Put the token into its reader."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try token.move(in: true)
    return .null
  }
}

/// `remove`.
enum RemoveRequest: ControlRequest {
  static let name = "remove"
  static let summary = "Take the token out of its reader."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try token.move(in: false)
    return .null
  }
}

/// `reset`.
enum ResetRequest: ControlRequest {
  static let name = "reset"
  static let summary = "Have the token lose its volatile state, as by a glitch of its power."
  static let discussion = """
    Verified PINs and the selected file are gone; reader and programs are not told. For a reset \
    they are told of, remove and insert.
    """

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    guard token.slot.isPowered else { throw ControlError(refused: "the token has no power") }
    _ = try token.slot.reset()
    return .null
  }
}

/// `press`.
enum PressRequest: ControlRequest {
  static let name = "press"
  static let summary = "Press the token's button, for the operation that waits for it."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    token.slot.pressButton()
    return .null
  }
}

/// `status`.
enum StatusRequest: ControlRequest {
  static let name = "status"
  static let summary = "Say where the token is, what it is and how many tries are left."
  static let discussion = """
    "present" says that programs find the token in the reader; "reader" what they find there: the \
    token, no card, another card, or unknown where no reader shows the token and which card is in it \
    cannot be told from here.
    """

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    let slot = token.slot
    let persona =
      switch slot.persona {
      case .current: "current"
      case .cosmoV9: "cosmo-v9"
      case .jsign3: "jsign3"
      }
    return [
      "present": .flag(token.reader?.holds == .token),
      "reader": .text(token.reader?.holds.rawValue ?? CardInReader.none.rawValue),
      "powered": .flag(slot.isPowered),
      "lifeCycle": .text("\(slot.inventory.lifeCycle)"), "chip": .text(persona),
      "atr": .text(Hex.text(slot.persona.atr.bytes)), "tries": TriesRequest.tries(of: slot),
      "faults": .number(token.channel.faults.count), "volatile": .flag(token.isVolatile),
      "date": .text(token.clock.today.description),
    ]
  }
}

/// `tries`.
enum TriesRequest: ControlRequest {
  static let name = "tries"
  static let summary = "Say how many tries each PIN and PUK has left."
  static let discussion = "By the reference that VERIFY names the code by, in hexadecimal."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    tries(of: token.slot)
  }

  static func tries(of slot: Slot) -> JSONValue {
    var tries: [String: JSONValue] = [:]
    for object in slot.inventory.objects where object.kind == .reference {
      tries[Hex.text([object.identifier])] = [
        "left": .number(object.triesLeft.map(Int.init) ?? 0),
        "most": .number(Int(object.maximumTries)),
      ]
    }
    return .object(tries)
  }
}
