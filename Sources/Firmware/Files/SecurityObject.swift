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
  /// Bits of the modulus, for a private key.
  let keyBits: Int
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
      maximumTries, useCount, minimumLength, UInt8(keyBits >> 8), UInt8(keyBits & 0xFF),
    ]
    for index in 0..<9 { bytes.append(access.bytes[index]) }
    return bytes
  }

  /// The object a record describes, or nil where it describes none.
  init?(number: UInt16, record: [UInt8]) {
    guard record.count == 19, record[0] == Self.recordMark,
      let kind = ObjectClass(rawValue: record[3]), (1...31).contains(record[4])
    else { return nil }
    self.number = number
    parent = UInt16(record[1]) << 8 | UInt16(record[2])
    self.kind = kind
    identifier = record[4]
    maximumTries = record[5]
    useCount = record[6]
    minimumLength = record[7]
    keyBits = Int(record[8]) << 8 | Int(record[9])
    access = AccessList(Array(record[10..<19]).span)
  }

  /// The key of the tries counter.
  var counterKey: RecordKey { RecordKey(number, part: Self.counterPart) }
  /// The key of the value, or of its first part.
  var valueKey: RecordKey { RecordKey(number, part: 0) }
}
