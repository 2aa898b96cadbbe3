/// CRC-32 of ISO/IEC 3309 (polynomial EDB88320), computed bit by bit: a record is short, a table is
/// not.
struct CRC32 {
  private var register: UInt32 = 0xFFFF_FFFF

  /// The checksum of everything taken so far.
  var value: UInt32 { ~register }

  /// Takes one more byte.
  mutating func take(_ byte: UInt8) {
    register ^= UInt32(byte)
    for _ in 0..<8 {
      register = register & 1 == 1 ? register >> 1 ^ 0xEDB8_8320 : register >> 1
    }
  }

  /// Takes the eight bytes of a unit, lowest first.
  mutating func take(unit: UInt64) {
    for shift in stride(from: UInt64(0), to: 64, by: 8) {
      take(UInt8(truncatingIfNeeded: unit >> shift))
    }
  }
}
