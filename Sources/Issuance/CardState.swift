/// The states of a card's life, as GET DATA `0183` tells them.
public enum CardState: UInt8, Sendable, CustomStringConvertible {
  /// The chip holds its serial number and the transport key.
  case manufactured = 0x34
  /// Files and objects are being created.
  case initialised = 0x24
  /// Keys are generated and contents written.
  case personalised = 0x20
  /// In the holder's hands.
  case operational = 0x10
  /// Out of service for good.
  case terminated = 0x0C

  /// The name of the state.
  public var description: String {
    switch self {
    case .manufactured: "manufactured"
    case .initialised: "initialised"
    case .personalised: "personalised"
    case .operational: "operational"
    case .terminated: "terminated"
    }
  }
}
