public import ISO7816

/// A card behind any wire: in-process, PC/SC or Bluetooth. One command at a time; calls block.
///
/// It is also what a virtual reader plugs in: the same five calls are all a reader asks of a card.
public protocol CardChannel: Sendable {
  /// Applies power; answers the ATR. A card that is powered already is reset.
  ///
  /// - Throws: where there is no card, or the wire failed.
  func powerOn() throws(ChannelError) -> ATR

  /// Takes power away: everything volatile is gone.
  func powerOff() throws(ChannelError)

  /// Warm reset: everything volatile is gone; answers the ATR (ISO/IEC 7816-3, 6.2.3).
  func reset() throws(ChannelError) -> ATR

  /// Sends one command APDU and replaces `response` by the response APDU, SW1-SW2 included.
  ///
  /// - Throws: where the card is absent or the wire failed; never for a status word.
  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError)

  /// Whether the card answers a command at once: no key is made or used, nobody is waited for. Who
  /// has other things to do meanwhile may then ask it without a thread of its own for that.
  func answersAtOnce(_ command: Span<UInt8>) -> Bool
}

extension CardChannel {
  /// False: nothing is known of the card.
  public func answersAtOnce(_ command: Span<UInt8>) -> Bool { false }

  /// Sends one command APDU; answers the response APDU, SW1-SW2 included.
  public func transmit(_ command: [UInt8]) throws(ChannelError) -> [UInt8] {
    var response: [UInt8] = []
    try transmit(command.span, into: &response)
    return response
  }
}

/// Why a channel gave no response APDU.
public struct ChannelError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What kind of failure, for callers that act on it.
  public enum Kind: Sendable {
    /// There is no card, or it was taken away.
    case noCard
    /// The reader, the daemon or the wire failed.
    case wire
    /// The card answered bytes that are no response APDU.
    case malformedResponse
    /// Somebody else holds the card for longer than the caller is ready to wait.
    case busy
  }

  /// What kind of failure it was.
  public let kind: Kind
  /// What was attempted, in words: "connect to reader X".
  public let attempt: String
  /// The raw code of the layer below (errno, SCARD_E_…), 0 where it has none.
  public let code: Int
  /// What the layer below says the code means.
  public let reason: String

  /// A failure of `attempt`, with the code and words of the layer below.
  public init(_ kind: Kind, attempt: String, code: Int = 0, reason: String) {
    self.kind = kind
    self.attempt = attempt
    self.code = code
    self.reason = reason
  }

  /// One sentence with everything in it.
  public var description: String {
    code == 0
      ? "cannot \(attempt): \(reason)"
      : "cannot \(attempt): \(reason) (0x\(String(UInt32(truncatingIfNeeded: code), radix: 16)))"
  }
}
