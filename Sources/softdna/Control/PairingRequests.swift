import ArgumentParser

/// Where hosts can be let in: the token on the air, alone or beside a reader.
protocol PairingDoor: Sendable {
  /// Lets hosts be paired for as long.
  func openPairing(for duration: Duration)
  /// Answers whether two numbers are the same.
  func confirm(_ isSame: Bool)
}

/// `pair`.
enum PairRequest: ControlRequest {
  struct Options: ControlOptions {
    @Argument(help: "For how many seconds.") var seconds = PairRequest.usualSeconds
    var values: [String: JSONValue] { ["seconds": .number(seconds)] }
  }

  static let name = "pair"
  static let summary = "Let hosts be paired with the token over Bluetooth."
  static let keys = ["seconds"]
  static let usualSeconds = 120

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    let seconds = try values.number("seconds", in: 1...3600) ?? usualSeconds
    try door(of: token).openPairing(for: .seconds(seconds))
    return .null
  }

  fileprivate static func door(of token: ControlledToken) throws -> any PairingDoor {
    guard let door = token.reader as? any PairingDoor else {
      throw ControlError(refused: "the token is not on the air; softdna up --ble hci0")
    }
    return door
  }
}

/// `confirm`.
enum ConfirmRequest: ControlRequest {
  static let name = "confirm"
  static let summary = "Say that the host to be paired shows the same number."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try PairRequest.door(of: token).confirm(true)
    return .null
  }
}

/// `reject`.
enum RejectRequest: ControlRequest {
  static let name = "reject"
  static let summary = "Say that the host to be paired shows another number, or none."

  static func perform(_ values: ControlValues, on token: ControlledToken) throws -> JSONValue {
    try PairRequest.door(of: token).confirm(false)
    return .null
  }
}
