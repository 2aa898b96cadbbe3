/// What vpcd says to a card: one frame of its wire, decoded.
///
/// On the wire a frame is a big-endian length of two bytes and a body of that many bytes. A body
/// of one byte is a control where it has one of four values; every other body is a command APDU.
public enum VPCDFrame: Equatable, Sendable {
  /// Take power away; no answer.
  case powerOff
  /// Apply power; no answer.
  case powerOn
  /// Warm reset; no answer.
  case reset
  /// Answer the ATR in one frame. This is also how the driver asks whether the card is there.
  case getATR
  /// A command APDU, at these positions of the bytes that were decoded; answer in one frame.
  case command(Range<Int>)

  /// The longest body a length of two bytes can announce, in bytes.
  public static let maximumBody = 0xFFFF
  /// The bytes in front of every body.
  public static let headerLength = 2

  /// Decodes the frame at the start of `bytes`.
  ///
  /// - Returns: The frame and its length on the wire, header included, in bytes; nil while bytes
  ///   are missing.
  public static func decode(_ bytes: Span<UInt8>) -> (frame: VPCDFrame, length: Int)? {
    guard bytes.count >= headerLength else { return nil }
    let body = headerLength..<headerLength + (Int(bytes[0]) << 8 | Int(bytes[1]))
    guard bytes.count >= body.upperBound else { return nil }
    guard body.count == 1 else { return (.command(body), body.upperBound) }
    let frame: VPCDFrame =
      switch bytes[body.lowerBound] {
      case 0x00: .powerOff
      case 0x01: .powerOn
      case 0x02: .reset
      case 0x04: .getATR
      default: .command(body)
      }
    return (frame, body.upperBound)
  }

  /// Replaces `frame` by a frame with this body, header included.
  ///
  /// A body that no length of two bytes can announce becomes `6700`: the card's answer is lost,
  /// the wire stays in step.
  public static func encode(_ body: [UInt8], into frame: inout [UInt8]) {
    frame.removeAll(keepingCapacity: true)
    guard body.count <= maximumBody else {
      frame.append(contentsOf: [0x00, 0x02, 0x67, 0x00])
      return
    }
    frame.append(UInt8(body.count >> 8))
    frame.append(UInt8(body.count & 0xFF))
    frame.append(contentsOf: body)
  }
}
