public import ISO7816

/// What the Info characteristic says of a token. Reading it takes an authenticated link (LE Secure
/// Connections with protection against a man in the middle).
///
/// ```
/// version | minimum version | maximum message (2) | maximum fragment (2) | features (2)
///   | ATR length | ATR | state | session (8)
/// ```
///
/// Numbers are big endian. A later version may add bytes at the end: they are ignored.
public struct Info: Equatable, Sendable {
  /// What a token can do besides the profile's duties.
  public struct Features: OptionSet, Sendable {
    /// The bits on the wire.
    public let rawValue: UInt16
    /// Features from the bits on the wire.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// Messages go over an L2CAP channel, too; the PSM characteristic says which.
    public static let channel = Features(rawValue: 1 << 0)
    /// The token can ask its owner to be present (a button).
    public static let presence = Features(rawValue: 1 << 1)
    /// A request can be cancelled while the card works.
    public static let cancel = Features(rawValue: 1 << 2)
  }

  /// The length of `session` in bytes.
  public static let sessionLength = 8
  /// The longest ATR (ISO/IEC 7816-3, 8.2.1).
  public static let maximumATRLength = 33

  /// The version of the profile the token speaks.
  public var version: UInt8 = Profile.version
  /// The oldest version it understands.
  public var minimumVersion: UInt8 = Profile.version
  /// The longest payload of a message it takes, in bytes.
  public var maximumMessage: UInt16
  /// The most data it takes in one frame, in bytes.
  public var maximumFragment: UInt16
  /// What it can do.
  public var features: Features
  /// The card's Answer to Reset; empty while there is no card.
  public var atr: ATR
  /// Whether there is a card.
  public var state: CardState
  /// Random, new each time the token starts: a host sees by it that the token has forgotten
  /// everything.
  public var session: [UInt8]

  /// What a token says of itself.
  public init(
    maximumMessage: UInt16, maximumFragment: UInt16, features: Features, atr: ATR,
    state: CardState, session: [UInt8]
  ) {
    self.maximumMessage = maximumMessage
    self.maximumFragment = maximumFragment
    self.features = features
    self.atr = atr
    self.state = state
    self.session = session
  }

  /// The characteristic's value.
  public var value: [UInt8] {
    let numbers = [maximumMessage, maximumFragment, features.rawValue]
      .flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] }
    let atr = atr.bytes.prefix(Self.maximumATRLength)
    return [version, minimumVersion] + numbers + [UInt8(atr.count)] + atr + [state.rawValue]
      + session
  }

  /// Decodes the characteristic's value; nil where it is none.
  public init?(_ value: [UInt8]) {
    guard value.count >= 9 else { return nil }
    let atrEnd = 9 + Int(value[8])
    guard value[8] <= Self.maximumATRLength, value.count > atrEnd + Self.sessionLength,
      let state = CardState(rawValue: value[atrEnd])
    else { return nil }
    func number(_ position: Int) -> UInt16 {
      UInt16(value[position]) << 8 | UInt16(value[position + 1])
    }
    version = value[0]
    minimumVersion = value[1]
    maximumMessage = number(2)
    maximumFragment = number(4)
    features = Features(rawValue: number(6))
    atr = ATR(Array(value[9..<atrEnd]))
    self.state = state
    session = Array(value[atrEnd + 1..<atrEnd + 1 + Self.sessionLength])
  }
}
