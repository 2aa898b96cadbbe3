/// The life of the card as a whole, as GET DATA `0183` tells it and PUT DATA `0183` leads it on.
///
/// `34`, `20` and `10` are the values a CNS operating system is known to give; the other two are
/// this project's.
public enum LifeCycle: UInt8, CaseIterable, Sendable, CustomStringConvertible {
  /// The chip holds its serial number and the issuer's transport key.
  case manufactured = 0x34
  /// Files and objects are being created.
  case initialised = 0x24
  /// The structure stands; keys are generated and contents written.
  case personalised = 0x20
  /// In the holder's hands: access rules alone decide.
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
