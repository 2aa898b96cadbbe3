internal import Glibc

/// Why something asked over D-Bus did not happen.
public struct BusError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The bus itself is gone or not to be had.
  static let disconnected = "org.freedesktop.DBus.Error.Disconnected"
  /// The one asked is not there (any more).
  static let serviceUnknown = "org.freedesktop.DBus.Error.ServiceUnknown"
  /// No answer came in time, or the one asked vanished meanwhile.
  static let noReply = "org.freedesktop.DBus.Error.NoReply"
  /// Bytes and signature do not fit together.
  static let invalidSignature = "org.freedesktop.DBus.Error.InvalidSignature"

  /// What was attempted, in words: "register the advertisement".
  let attempt: String
  /// The error's name on the bus: `org.bluez.Error.NotPermitted`.
  let name: String
  /// What the other end said about it.
  let reason: String

  init(_ attempt: String, name: String, reason: String) {
    self.attempt = attempt
    self.name = name
    self.reason = reason
  }

  /// A call of libsystemd that answered minus errno.
  init(_ attempt: String, code: Int32) {
    self.init(
      attempt, name: Self.disconnected, reason: String(cString: strerror(-code)))
  }

  /// One sentence with everything in it.
  public var description: String {
    reason.isEmpty ? "cannot \(attempt): \(name)" : "cannot \(attempt): \(reason) (\(name))"
  }
}
