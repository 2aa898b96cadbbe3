import ISO7816

/// A security environment in non-volatile memory: which keys RESTORE makes current
/// (ISO/IEC 7816-4, security environments).
struct StoredEnvironment: Equatable {
  /// The number its record is filed under.
  let number: UInt16
  /// The number MANAGE SECURITY ENVIRONMENT names it by.
  let identifier: UInt8
  /// Key identifiers for signature, confidentiality and authentication; 0 for none.
  let keys: [3 of UInt8]

  /// The first byte of its record says that an object is a security environment.
  static let recordMark: UInt8 = 0x03

  /// The record as it stands in memory.
  var record: [UInt8] { [Self.recordMark, identifier, keys[0], keys[1], keys[2]] }

  init(number: UInt16, identifier: UInt8, keys: [3 of UInt8]) {
    self.number = number
    self.identifier = identifier
    self.keys = keys
  }

  /// The environment a record describes, or nil where it describes none.
  init?(number: UInt16, record: [UInt8]) {
    guard record.count == 5, record[0] == Self.recordMark else { return nil }
    self.init(number: number, identifier: record[1], keys: [record[2], record[3], record[4]])
  }

  static func == (left: StoredEnvironment, right: StoredEnvironment) -> Bool {
    left.number == right.number && left.record == right.record
  }
}
