/// Why there is no session with a token, or not any more.
struct ConnectionFailure: Error, Equatable {
  /// What happened, and what to do where that is known.
  let reason: String
  /// Trying again is of no use before somebody has done something.
  let isFinal: Bool

  init(_ reason: String, isFinal: Bool = false) {
    self.reason = reason
    self.isFinal = isFinal
  }

  static let lost = ConnectionFailure("the token has disconnected or is out of reach")
  static let silent = ConnectionFailure("the token does not tell its services")
  static let bondDeletedHere = ConnectionFailure(
    "the pairing with the token was deleted on this computer: open the token's pairing window "
      + "(softdna ctl pair) and start the bridge again", isFinal: true)
  static let bondLostThere = ConnectionFailure(
    "the token does not know this computer any more: remove the pairing here "
      + "(bluetoothctl remove ADDRESS), open the token's pairing window (softdna ctl pair) and "
      + "start the bridge again", isFinal: true)
  static let notBonded = ConnectionFailure(
    "the token paired without keeping a key, which protects nothing; it is not used",
    isFinal: true)
  static let noToken = ConnectionFailure(
    "the device is no token: it lacks the service, or parts of it", isFinal: true)

  static func version(_ minimum: UInt8) -> ConnectionFailure {
    ConnectionFailure(
      "the token asks for version \(minimum) of the profile; this bridge speaks "
        + "\(Profile.version): update it", isFinal: true)
  }

  static func refused(_ error: BusError) -> ConnectionFailure {
    ConnectionFailure(error.description)
  }

  static func silentLink(_ reason: String) -> ConnectionFailure { ConnectionFailure(reason) }

  /// What Pair answered. bluetoothd has one error for a wrong passkey and for a token that does not
  /// pair at all; they differ in whether the person was asked.
  init(pairing error: BusError, wasAsked: Bool) {
    switch error.name {
    case "org.bluez.Error.ConnectionAttemptFailed", BusError.noReply, BusError.disconnected:
      self.init("cannot connect to the token: \(error.reason)")
    case _ where wasAsked:
      self.init(
        "pairing failed: the passkey was wrong, or one side refused it (\(error.reason)); start "
          + "the bridge again", isFinal: true)
    default:
      self.init(
        "the token does not pair now (\(error.reason)): open its pairing window "
          + "(softdna ctl pair) and start the bridge again", isFinal: true)
    }
  }

  /// What Connect answered for a token that is paired here. A link that came up and went down before
  /// it was any use is one whose keys do not fit.
  init(connecting error: BusError, wasConnected: Bool) {
    self =
      wasConnected
      ? .bondLostThere : ConnectionFailure("cannot connect to the token: \(error.reason)")
  }
}
