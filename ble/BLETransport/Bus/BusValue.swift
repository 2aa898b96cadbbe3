/// A value as D-Bus messages carry it. A variant is its content: where a signature says `v`, any
/// value fits, and goes out under its natural type.
indirect enum BusValue: Equatable, Sendable {
  case byte(UInt8)
  case bool(Bool)
  case int16(Int16)
  case uint16(UInt16)
  case int32(Int32)
  case uint32(UInt32)
  case int64(Int64)
  case uint64(UInt64)
  case double(Double)
  case string(String)
  case path(String)
  case signature(String)
  /// `h`: reading one makes a duplicate that the reader owns; sending one leaves it to the sender.
  case descriptor(Descriptor)
  /// `ay`.
  case bytes([UInt8])
  case array([BusValue])
  /// `a{..}`; keys that are no strings (numbers of manufacturers, say) are written in decimal.
  case dictionary([String: BusValue])
  case structure([BusValue])

  static func == (left: BusValue, right: BusValue) -> Bool {
    switch (left, right) {
    case (.byte(let left), .byte(let right)): left == right
    case (.bool(let left), .bool(let right)): left == right
    case (.int16(let left), .int16(let right)): left == right
    case (.uint16(let left), .uint16(let right)): left == right
    case (.int32(let left), .int32(let right)): left == right
    case (.uint32(let left), .uint32(let right)): left == right
    case (.int64(let left), .int64(let right)): left == right
    case (.uint64(let left), .uint64(let right)): left == right
    case (.double(let left), .double(let right)): left == right
    case (.string(let left), .string(let right)), (.path(let left), .path(let right)),
      (.signature(let left), .signature(let right)):
      left == right
    case (.descriptor(let left), .descriptor(let right)): left === right
    case (.bytes(let left), .bytes(let right)): left == right
    case (.array(let left), .array(let right)), (.structure(let left), .structure(let right)):
      left == right
    case (.dictionary(let left), .dictionary(let right)): left == right
    default: false
    }
  }

  /// The type it goes out as inside a variant.
  var naturalSignature: String {
    switch self {
    case .byte: "y"
    case .bool: "b"
    case .int16: "n"
    case .uint16: "q"
    case .int32: "i"
    case .uint32: "u"
    case .int64: "x"
    case .uint64: "t"
    case .double: "d"
    case .string: "s"
    case .path: "o"
    case .signature: "g"
    case .descriptor: "h"
    case .bytes: "ay"
    case .array(let elements): "a" + (elements.first?.naturalSignature ?? "s")
    case .dictionary: "a{sv}"
    case .structure(let members): "(" + members.map(\.naturalSignature).joined() + ")"
    }
  }
}

/// What is in a value, or nil where it is of another type.
extension BusValue {
  var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
  var uint16: UInt16? { if case .uint16(let value) = self { value } else { nil } }
  var uint32: UInt32? { if case .uint32(let value) = self { value } else { nil } }
  var string: String? { if case .string(let value) = self { value } else { nil } }
  var path: String? { if case .path(let value) = self { value } else { nil } }
  var descriptor: Descriptor? { if case .descriptor(let value) = self { value } else { nil } }
  var bytes: [UInt8]? { if case .bytes(let value) = self { value } else { nil } }
  var array: [BusValue]? { if case .array(let value) = self { value } else { nil } }
  var dictionary: [String: BusValue]? {
    if case .dictionary(let value) = self { value } else { nil }
  }
}
