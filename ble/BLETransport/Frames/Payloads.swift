/// What a WAIT frame says: why there is no answer yet, and how long that has lasted.
///
/// On the wire the reason in one byte and the milliseconds in four, big endian.
public struct Wait: Equatable, Sendable {
  /// Why there is no answer yet.
  public enum Reason: UInt8, CaseIterable, Sendable {
    /// The card works: it generates a key, say.
    case processing = 0x01
    /// The token's button, or its owner's consent, is waited for.
    case consent = 0x02
    /// A PIN is being entered at the token.
    case pinEntry = 0x03
  }

  /// Why there is no answer yet.
  public let reason: Reason
  /// Since the request came, in milliseconds.
  public let elapsed: UInt32

  /// A reason and a time in milliseconds.
  public init(_ reason: Reason, elapsed: UInt32) {
    self.reason = reason
    self.elapsed = elapsed
  }

  /// The payload of the frame.
  public var payload: [UInt8] {
    [reason.rawValue] + (0..<4).map { UInt8(truncatingIfNeeded: elapsed >> (24 - 8 * $0)) }
  }

  /// Decodes a payload; nil where it is none. A reason this version does not know counts as
  /// processing: it keeps the request alive all the same.
  public init?(_ payload: [UInt8]) {
    guard payload.count >= 5 else { return nil }
    reason = Reason(rawValue: payload[0]) ?? .processing
    elapsed = payload[1..<5].reduce(0) { $0 << 8 | UInt32($1) }
  }
}

/// What a STATE frame says, and Info's state: one byte.
public enum CardState: UInt8, CaseIterable, Sendable {
  /// The card was taken away.
  case removed = 0x00
  /// The card is there.
  case present = 0x01
}

/// What an ERROR frame says: one byte.
public enum ErrorCode: UInt8, CaseIterable, Sendable {
  /// The token does not know the opcode.
  case unknownOpcode = 0x01
  /// The frame is none, is too long, or does not fit the others of its message.
  case badFrame = 0x02
  /// The rest of the message has not come in time.
  case timeout = 0x03
  /// Somebody else uses the card.
  case busy = 0x04
  /// The host has given the request up.
  case cancelled = 0x05
  /// There is no card.
  case cardRemoved = 0x06
  /// Anything else.
  case other = 0x7F
}

/// The answer to a write request that the application refuses (Core Specification, Vol 3 Part F,
/// 3.4.1.1: 0x80 to 0x9F).
public enum ATTError: UInt8, CaseIterable, Error, Sendable {
  /// Another host owns the token.
  case busy = 0x80
  /// The value is no frame, or does not fit the others of its message.
  case badFrame = 0x81
  /// The message is longer than the token takes.
  case tooLong = 0x82
  /// Other data for a place that is filled already.
  case overlap = 0x83
  /// The host has to subscribe to Response first.
  case notSubscribed = 0x84
  /// The token is locked or not ready.
  case notReady = 0x85
  /// The opcode is not allowed now.
  case notInThisState = 0x86
}
