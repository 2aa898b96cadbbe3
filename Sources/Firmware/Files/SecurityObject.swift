import ISO7816

/// What a base security object is for.
public enum ObjectClass: UInt8, Sendable {
  /// A PIN or PUK, checked by VERIFY.
  case reference = 0x00
  /// A key that proves an outside role, checked by EXTERNAL AUTHENTICATE.
  case authentication = 0x01
  /// A private key, used by PERFORM SECURITY OPERATION.
  case privateKey = 0x20
}

/// A base security object (BSO): a PIN, a PUK or a key, with its rules.
///
/// The value and the counter are records of their own; they are never held in RAM.
struct SecurityObject: Equatable {
  /// The number its records are filed under.
  let number: UInt16
  /// The number of the directory it is in.
  let parent: UInt16
  let kind: ObjectClass
  /// 1...31.
  let identifier: UInt8
  /// Most consecutive failures, 1...15; 0 for private keys.
  let maximumTries: UInt8
  /// How many operations a verification is good for; `FF` for any number.
  let useCount: UInt8
  /// Fewest characters of a PIN.
  let minimumLength: UInt8
  let access: AccessList
  /// What a private key is; nil for other objects and for algorithms this firmware does not know.
  let algorithm: KeyAlgorithm?
  /// How the object wants to be used.
  let options: ObjectOptions
}

/// Options of a base security object.
struct ObjectOptions: OptionSet {
  let rawValue: UInt8
  /// A PIN that must be changed before it opens anything; gone once it was changed.
  static let transport = ObjectOptions(rawValue: 0x80)
  /// A key that works only after somebody pressed the token's button.
  static let button = ObjectOptions(rawValue: 0x40)
}

extension SecurityObject {
  /// The first byte of its record says that an object is a BSO.
  static let recordMark: UInt8 = 0x02
  /// Part of the record with the number of tries that are left.
  static let counterPart: UInt8 = 0xFE
  /// Bytes of a stored PIN, padded with `FF`.
  static let referenceLength = 8

  /// The record as it stands in memory.
  var record: [UInt8] {
    var bytes: [UInt8] = [
      Self.recordMark, UInt8(parent >> 8), UInt8(parent & 0xFF), kind.rawValue, identifier,
      maximumTries, useCount, minimumLength, options.rawValue,
    ]
    switch algorithm {
    case .rsa(let bits): bytes += [0x01, UInt8(bits >> 8), UInt8(bits & 0xFF)]
    case .ecdsa(let bits): bytes += [0x02, UInt8(bits >> 8), UInt8(bits & 0xFF)]
    case nil: bytes += [0x00, 0x00, 0x00]
    }
    for index in 0..<9 { bytes.append(access.bytes[index]) }
    return bytes
  }

  /// The object a record describes, or nil where it describes none.
  init?(number: UInt16, record: [UInt8]) {
    guard record.count == 21, record[0] == Self.recordMark,
      let kind = ObjectClass(rawValue: record[3]), (1...31).contains(record[4])
    else { return nil }
    self.number = number
    parent = UInt16(record[1]) << 8 | UInt16(record[2])
    self.kind = kind
    identifier = record[4]
    maximumTries = record[5]
    useCount = record[6]
    minimumLength = record[7]
    options = ObjectOptions(rawValue: record[8])
    let bits = Int(record[10]) << 8 | Int(record[11])
    switch record[9] {
    case 0x01: algorithm = .rsa(bits: bits)
    case 0x02: algorithm = .ecdsa(bits: bits)
    default: algorithm = nil
    }
    access = AccessList(Array(record[12..<21]).span)
  }

  /// The key of the tries counter.
  var counterKey: RecordKey { RecordKey(number, part: Self.counterPart) }
  /// The key of the mark whether a transport PIN was changed. It is there from the beginning, so
  /// that a full memory has room for the change.
  var changedKey: RecordKey { RecordKey(number, part: 0xFD) }
  /// Values of that mark.
  static let isChanged: UInt8 = 0x01
  static let isUnchanged: UInt8 = 0x00
  /// The key of the value, or of its first part.
  var valueKey: RecordKey { RecordKey(number, part: 0) }
}
