/// One BER-TLV data object: its tag, and where its value is (ISO/IEC 7816-4, 6.3).
public struct TLV: Equatable, Sendable {
  /// The tag, one or two bytes (`83`, `7F49`).
  public let tag: UInt16
  /// Where the value is in the bytes that were read.
  public let value: Range<Int>

  /// Reads the data object at the front of `region`.
  ///
  /// - Returns: nil at the end of the region (padding `00` and `FF` between objects is skipped).
  /// - Throws: `6A85` where tag or length run past the region, or a length takes more than two
  ///   bytes.
  public static func next(in bytes: Span<UInt8>, from region: inout Range<Int>)
    throws(StatusWord) -> TLV?
  {
    var position = region.lowerBound
    let end = min(region.upperBound, bytes.count)
    while position < end, bytes[position] == 0x00 || bytes[position] == 0xFF { position += 1 }
    guard position < end else {
      region = end..<end
      return nil
    }
    var tag = UInt16(bytes[position])
    position += 1
    if tag & 0x1F == 0x1F {
      guard position < end, bytes[position] & 0x80 == 0 else { throw .lengthInconsistentWithTLV }
      tag = tag << 8 | UInt16(bytes[position])
      position += 1
    }
    guard position < end else { throw .lengthInconsistentWithTLV }
    var length = Int(bytes[position])
    position += 1
    if length >= 0x80 {
      let octets = length & 0x7F
      guard (1...2).contains(octets), position + octets <= end else {
        throw .lengthInconsistentWithTLV
      }
      length = 0
      for _ in 0..<octets {
        length = length << 8 | Int(bytes[position])
        position += 1
      }
    }
    guard length <= end - position else { throw .lengthInconsistentWithTLV }
    let value = position..<position + length
    region = value.upperBound..<end
    return TLV(tag: tag, value: value)
  }

  /// The first data object with this tag in `region`, not looking inside constructed ones.
  ///
  /// - Throws: `6A85` where the objects before it are malformed.
  public static func find(_ tag: UInt16, in bytes: Span<UInt8>, _ region: Range<Int>)
    throws(StatusWord) -> Range<Int>?
  {
    var rest = region
    while let object = try next(in: bytes, from: &rest) {
      if object.tag == tag { return object.value }
    }
    return nil
  }

  /// The bytes of one data object.
  public static func bytes(_ tag: UInt16, _ value: [UInt8]) -> [UInt8] {
    var encoded = tag > 0xFF ? [UInt8(tag >> 8), UInt8(tag & 0xFF)] : [UInt8(tag)]
    switch value.count {
    case 0...0x7F: encoded.append(UInt8(value.count))
    case 0x80...0xFF: encoded += [0x81, UInt8(value.count)]
    default: encoded += [0x82, UInt8(value.count >> 8), UInt8(value.count & 0xFF)]
    }
    return encoded + value
  }
}
