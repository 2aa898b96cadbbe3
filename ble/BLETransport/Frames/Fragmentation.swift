/// The frames of one message, in the order of their data.
public struct Fragmentation: Sequence, Sendable {
  private let message: Message
  private let dataLength: Int

  /// Cuts a message into frames.
  ///
  /// - Parameter dataLength: The most data in one frame, in bytes; at least 1 is used.
  /// - Throws: where two bytes cannot tell the payload's length.
  public init(_ message: Message, dataLength: Int) throws(FrameRefusal) {
    guard message.payload.count <= Message.maximumPayload else {
      throw FrameRefusal(.tooLong, id: message.id)
    }
    self.message = message
    self.dataLength = Swift.max(1, dataLength)
  }

  /// The most data in one frame where a PDU of the attribute protocol has up to `mtu` bytes.
  ///
  /// Three bytes of it are the PDU's own. BlueZ up to 5.68 counts two of them as part of the value
  /// and refuses what has more than 510 bytes, whatever the MTU.
  public static func dataLength(mtu: Int) -> Int {
    Swift.max(1, Swift.min(mtu - 3, 510) - Frame.headerLength)
  }

  /// Cuts the frames one after another.
  public struct Iterator: IteratorProtocol {
    fileprivate let message: Message
    fileprivate let dataLength: Int
    fileprivate var offset: Int? = 0

    /// The next attribute value; nil after the last.
    public mutating func next() -> [UInt8]? {
      guard let start = offset else { return nil }
      let total = message.payload.count
      let end = Swift.min(start + dataLength, total)
      offset = end < total ? end : nil
      var frame = [message.opcode.rawValue, message.id]
      frame.reserveCapacity(Frame.headerLength + end - start)
      for value in [start, total] {
        frame.append(UInt8(value >> 8))
        frame.append(UInt8(value & 0xFF))
      }
      return frame + message.payload[start..<end]
    }
  }

  /// The frames from the first on.
  public func makeIterator() -> Iterator { Iterator(message: message, dataLength: dataLength) }
}

/// A message whole in one unit of an L2CAP channel, which keeps order and boundaries by itself:
///
/// ```
/// opcode | id | payload
/// ```
extension Message {
  /// The unit with this message.
  public var serviceDataUnit: [UInt8] { [opcode.rawValue, id] + payload }

  /// Decodes a unit.
  ///
  /// - Parameter maximumPayload: the longest payload taken, in bytes.
  /// - Throws: where it is no message `sender` may send.
  public init(
    serviceDataUnit bytes: [UInt8], from sender: Opcode.Sender, maximumPayload: Int
  ) throws(FrameRefusal) {
    guard bytes.count >= 2 else {
      throw FrameRefusal(.malformed, id: nil)
    }
    guard let opcode = Opcode(rawValue: bytes[0]), opcode.sender == sender else {
      throw FrameRefusal(.unknownOpcode, id: bytes[1])
    }
    guard !opcode.isBare || bytes.count == 2 else { throw FrameRefusal(.malformed, id: bytes[1]) }
    guard bytes.count - 2 <= maximumPayload else { throw FrameRefusal(.tooLong, id: bytes[1]) }
    self.init(opcode, id: bytes[1], payload: Array(bytes[2...]))
  }
}
