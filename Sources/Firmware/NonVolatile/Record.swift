/// What a record is filed under: an object's number, and which part of the object it is.
struct RecordKey: Equatable, Comparable {
  /// The number in the high bits, the part in the low eight.
  let rawValue: UInt32

  /// A key from object and part.
  init(_ object: UInt16, part: UInt8) { rawValue = UInt32(object) << 8 | UInt32(part) }

  /// The object's number.
  var object: UInt16 { UInt16(truncatingIfNeeded: rawValue >> 8) }
  /// The part of the object.
  var part: UInt8 { UInt8(truncatingIfNeeded: rawValue) }

  static func < (left: RecordKey, right: RecordKey) -> Bool { left.rawValue < right.rawValue }
}

/// The first unit of a record in the log.
///
/// A record is: this unit, the value padded with `FF` to whole units, and a trailer unit with the
/// checksum of both and the word that tells whether the transaction ends here. The units may reach
/// the memory in any order: a record counts when its checksum is right.
struct RecordHeader {
  /// The value under the key is replaced.
  static let put: UInt8 = 0xD1
  /// The value under the key is gone.
  static let delete: UInt8 = 0xE2

  let kind: UInt8
  let key: RecordKey
  /// Bytes in the value, 0...65,535.
  let length: Int
  /// Number of the transaction, modulo 256: enough to tell it from the one before.
  let sequence: UInt8

  /// The header as it stands in memory. Its last byte checks the others: the length says where the
  /// next record is, so a damaged one must be known before the record's own checksum is reached.
  var unit: UInt64 {
    let fields =
      UInt64(kind) | UInt64(key.part) << 8 | UInt64(key.object) << 16 | UInt64(length) << 32
      | UInt64(sequence) << 48
    return fields | UInt64(Self.check(of: fields)) << 56
  }

  init(kind: UInt8, key: RecordKey, length: Int, sequence: UInt8) {
    self.kind = kind
    self.key = key
    self.length = length
    self.sequence = sequence
  }

  /// The header that stands in memory, or nil where it is not one that this version writes.
  init?(unit: UInt64) {
    kind = UInt8(truncatingIfNeeded: unit)
    key = RecordKey(
      UInt16(truncatingIfNeeded: unit >> 16), part: UInt8(truncatingIfNeeded: unit >> 8))
    length = Int(UInt16(truncatingIfNeeded: unit >> 32))
    sequence = UInt8(truncatingIfNeeded: unit >> 48)
    guard kind == Self.put || kind == Self.delete, unit == self.unit else { return nil }
  }

  /// CRC-8 (polynomial 07) of the seven lower bytes: it sees every damage inside one byte.
  private static func check(of fields: UInt64) -> UInt8 {
    var register: UInt8 = 0xFF
    for shift in stride(from: UInt64(0), to: 56, by: 8) {
      register ^= UInt8(truncatingIfNeeded: fields >> shift)
      for _ in 0..<8 { register = register & 0x80 == 0 ? register << 1 : register << 1 ^ 0x07 }
    }
    return register
  }

  /// Bytes from the header to the end of the trailer.
  var span: Int { RecordHeader.span(of: length) }

  /// Bytes a record with a value of `length` bytes takes.
  static func span(of length: Int) -> Int { 16 + (length + 7) / 8 * 8 }
}

/// The last word of a record. Each has zeros where the other has ones, so that a half-programmed one
/// never reads as the other.
enum RecordEnd {
  /// The transaction goes on.
  static let more: UInt32 = 0x5A5A_33CC
  /// The transaction is complete: all its records hold from here on.
  static let commit: UInt32 = 0xA5A5_CC33

  /// The trailer unit.
  static func unit(_ end: UInt32, checksum: UInt32) -> UInt64 {
    UInt64(checksum) | UInt64(end) << 32
  }

  /// The word in a trailer, or nil where the unit is none.
  static func ending(of unit: UInt64) -> UInt32? {
    let word = UInt32(truncatingIfNeeded: unit >> 32)
    return word == more || word == commit ? word : nil
  }
}

/// The two units in front of a half's log. The second is programmed when everything else of the
/// half is there: it makes the half the live one.
struct HalfHeader {
  /// Length in bytes; the log begins behind it.
  static let size = 16
  /// "SDNV", lowest byte first.
  static let magic: UInt64 = 0x564E_4453
  /// Version of the image format this firmware writes.
  static let version: UInt16 = 1
  private static let seal: UInt64 = 0x3C96_69C3

  let version: UInt16
  let generation: UInt16

  /// First unit.
  var identity: UInt64 { Self.magic | UInt64(version) << 32 | UInt64(generation) << 48 }
  /// Second unit.
  var confirmation: UInt64 {
    var checksum = CRC32()
    checksum.take(unit: identity)
    return UInt64(checksum.value) | Self.seal << 32
  }

  init(version: UInt16 = Self.version, generation: UInt16) {
    self.version = version
    self.generation = generation
  }

  /// The header that two units make, or nil where they make none.
  init?(_ first: UInt64, _ second: UInt64) {
    guard first & 0xFFFF_FFFF == Self.magic else { return nil }
    version = UInt16(truncatingIfNeeded: first >> 32)
    generation = UInt16(truncatingIfNeeded: first >> 48)
    guard second == confirmation else { return nil }
  }
}
