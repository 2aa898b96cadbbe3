/// The numbers of the profile "APDU token", version 1 (ble/PROFILE.md).
public enum Profile {
  /// The version.
  public static let version: UInt8 = 1

  /// The primary service, and what is advertised.
  public static let service = "0e390001-e069-41d6-8153-673142514692"
  /// Command: host to token, write requests only.
  public static let command = "0e390002-e069-41d6-8153-673142514692"
  /// Response: token to host, notifications.
  public static let response = "0e390003-e069-41d6-8153-673142514692"
  /// Info: see `Info`.
  public static let info = "0e390004-e069-41d6-8153-673142514692"
  /// The L2CAP channel's PSM, two bytes, little endian as in the Core Specification; 0 where there
  /// is none.
  public static let channelPSM = "0e390005-e069-41d6-8153-673142514692"

  /// The longest time between two fragments of a message.
  public static let fragmentGap = Duration.seconds(2)
  /// From a request to its first WAIT.
  public static let firstWait = Duration.milliseconds(400)
  /// From one WAIT to the next.
  public static let waitInterval = Duration.milliseconds(500)
  /// A token that owes an answer and says nothing for so long is gone.
  public static let silence = Duration.seconds(3)
}
