/// Why there is no session with a token, or not any more.
struct ConnectionFailure: Error, Equatable {
  /// Whether it may be different next time.
  enum Outlook: Equatable {
    /// Worth another try.
    case again
    /// Of no use before somebody has done something.
    case hopeless
    /// The link came up and was taken down before it was of use, as where the keys do not fit. Once
    /// or twice it may be the air, or a bluetoothd that has just been started; then it is the keys.
    case dropped
  }

  /// What happened, and what to do where that is known.
  let reason: String
  /// Whether it may be different next time.
  let outlook: Outlook

  init(_ reason: String, _ outlook: Outlook = .again) {
    self.reason = reason
    self.outlook = outlook
  }

  static let lost = ConnectionFailure("the token has disconnected or is out of reach")
  static let useless = ConnectionFailure(
    "the link to the token ended before it was of use", .dropped)
  static let silent = ConnectionFailure("the token does not tell its services")
  static let noService = ConnectionFailure(
    "the device does not offer a token's service, or only parts of it")
  static let notBonded = ConnectionFailure(
    "the token paired without keeping a key, which protects nothing; it is not used", .hopeless)
  static let notAuthenticated = ConnectionFailure(
    "the pairing with the token is not protected by a passkey or a comparison (LE Secure "
      + "Connections), so nobody knows what is at the other end; it is not used. Delete it "
      + "(softdna ble unpair) and pair again", .hopeless)
  static let bondDeletedHere = ConnectionFailure(
    "the pairing with the token was deleted on this computer: open the token's pairing window "
      + "(softdna ctl pair) and start the bridge again", .hopeless)

  /// The token has deleted its half of the pairing.
  static func bondDeletedThere(_ token: String, adapter: String) -> ConnectionFailure {
    ConnectionFailure(
      "the token does not know this computer any more: delete the pairing here, too "
        + "(softdna ble unpair --adapter \(adapter) \(token)), open the token's pairing window "
        + "(softdna ctl pair) and start the bridge again", .hopeless)
  }

  static func version(_ minimum: UInt8) -> ConnectionFailure {
    ConnectionFailure(
      "the token asks for version \(minimum) of the profile; this bridge speaks "
        + "\(Profile.version): update it", .hopeless)
  }

  /// What Pair answered. bluetoothd has one error for a wrong passkey and for a token that does not
  /// pair at all; they differ in whether the person was asked.
  init(pairing error: BusError, wasAsked: Bool) {
    switch error.name {
    case "org.bluez.Error.ConnectionAttemptFailed", BusError.noReply, BusError.disconnected:
      self.init("cannot connect to the token: \(error.reason)")
    case _ where wasAsked:
      self.init(
        "pairing failed: the passkey was wrong, or one side refused it (\(error.reason)); start "
          + "the bridge again", .hopeless)
    default:
      self.init(
        "the token does not pair now (\(error.reason)): open its pairing window "
          + "(softdna ctl pair) and start the bridge again", .hopeless)
    }
  }

  /// What Connect answered for a token that is paired here.
  init(connecting error: BusError, cameUp: Bool) {
    let isNotHeard = !cameUp && error.reason.hasPrefix("le-connection-abort")
    self.init(
      isNotHeard
        ? "the token is out of reach (\(error.reason))"
        : "cannot connect to the token: \(error.reason)", cameUp ? .dropped : .again)
  }
}
