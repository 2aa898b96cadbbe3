import ISO7816

/// When an operation on a file, PIN or key is allowed; one byte of an access list (`86`).
public struct AccessRule: Equatable, Sendable {
  /// `00` always, `01`...`1F` the base security object that must be verified, `FF` never.
  public let rawValue: UInt8

  /// A rule from its byte; `66` is another way to write never.
  public init(_ rawValue: UInt8) { self.rawValue = rawValue == 0x66 ? 0xFF : rawValue }

  /// Allowed to everybody.
  public static let always = AccessRule(0x00)
  /// Allowed to nobody.
  public static let never = AccessRule(0xFF)
  /// Allowed after the base security object with this identifier (1...31) was verified.
  public static func verified(_ identifier: UInt8) -> AccessRule { AccessRule(identifier & 0x1F) }
}

/// The nine access bytes of a file or object, in the order of the CNS file system.
public struct AccessList: Equatable, Sendable {
  /// The bytes as tag `86` carries them.
  public var bytes: [9 of UInt8]

  /// The same rule for every operation.
  public init(repeating rule: AccessRule) { bytes = .init(repeating: rule.rawValue) }

  /// A list from the value of tag `86`; what a shorter one leaves out is never allowed.
  public init(_ value: Span<UInt8>) {
    bytes = .init(repeating: AccessRule.never.rawValue)
    for index in 0..<min(9, value.count) { bytes[index] = value[index] }
  }

  /// The rule at a position.
  public subscript(position: Int) -> AccessRule { AccessRule(bytes[position]) }

  /// Equal byte by byte.
  public static func == (left: AccessList, right: AccessList) -> Bool {
    for index in 0..<9 where left.bytes[index] != right.bytes[index] { return false }
    return true
  }
}

/// Positions in the access list of an elementary file.
enum FileOperation: Int {
  case read = 0
  case update = 1
  case append = 2
  case deactivate = 3
  case activate = 4
  case delete = 5
  case administer = 6
}

/// Position of CREATE in the access list of a dedicated file.
let createPosition = 7

/// Positions in the access list of a base security object.
enum ObjectOperation: Int {
  case use = 0
  case change = 1
  case unblock = 2
  case generateKey = 6
}
