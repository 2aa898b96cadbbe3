/// One fragment of a message, as it travels in one attribute value: a header of six bytes, big
/// endian, and data.
///
/// ```
/// opcode | id | offset (2) | total (2) | data
/// ```
///
/// `offset` is where the data belongs in the message's payload, `total` is the payload's length.
/// Every fragment has the whole header, so that their order does not matter: BlueZ 5.66 sends
/// notifications over three bearers at once, and they overtake each other.
public struct Frame: Equatable, Sendable {
  /// The header's length in bytes.
  public static let headerLength = 6

  /// What the message is for.
  public let opcode: Opcode
  /// The number of the request the message belongs to.
  public let id: UInt8
  /// Where the data belongs, in bytes from the start of the payload.
  public let offset: Int
  /// The payload's length in bytes.
  public let total: Int
  /// The positions of the data in the bytes that were decoded.
  public let data: Range<Int>

  /// Decodes one attribute value.
  ///
  /// - Throws: where it is no frame `sender` may send.
  public init(parsing bytes: [UInt8], from sender: Opcode.Sender) throws(FrameRefusal) {
    guard bytes.count >= Self.headerLength else {
      throw FrameRefusal(.malformed, id: bytes.count > 1 ? bytes[1] : nil)
    }
    id = bytes[1]
    guard let opcode = Opcode(rawValue: bytes[0]), opcode.sender == sender else {
      throw FrameRefusal(.unknownOpcode, id: id)
    }
    self.opcode = opcode
    offset = Int(bytes[2]) << 8 | Int(bytes[3])
    total = Int(bytes[4]) << 8 | Int(bytes[5])
    data = Self.headerLength..<bytes.count
    guard offset + data.count <= total else { throw FrameRefusal(.malformed, id: id) }
    // A fragment without data says nothing, unless the whole message has none.
    guard !data.isEmpty || total == 0 else { throw FrameRefusal(.malformed, id: id) }
    guard !opcode.isBare || total == 0 else { throw FrameRefusal(.malformed, id: id) }
    guard !opcode.isNotice || data.count == total else {
      throw FrameRefusal(.malformed, id: id)
    }
  }
}

/// Why bytes from the other side are no part of a message.
public struct FrameRefusal: Error, Equatable, Sendable, CustomStringConvertible {
  /// What is wrong with them.
  public enum Reason: Sendable {
    /// No header, no data, or data beyond the end of the payload.
    case malformed
    /// An opcode the profile does not have, or that the other side may not use.
    case unknownOpcode
    /// A payload longer than the receiver takes.
    case tooLong
    /// Other data for a place that is filled already.
    case overlap
    /// Another opcode or total than the message's first fragment had.
    case changed
    /// The rest of the message has not come in time.
    case timeout
  }

  /// What is wrong.
  public let reason: Reason
  /// The id of the message; nil where there was none to read.
  public let id: UInt8?

  /// A refusal of a frame of the message `id`.
  public init(_ reason: Reason, id: UInt8?) {
    self.reason = reason
    self.id = id
  }

  /// What an ERROR frame says of it.
  public var errorCode: ErrorCode {
    switch reason {
    case .unknownOpcode: .unknownOpcode
    case .malformed, .tooLong, .overlap, .changed: .badFrame
    case .timeout: .timeout
    }
  }

  /// What the answer to the write request says of it.
  public var attError: ATTError {
    switch reason {
    case .tooLong: .tooLong
    case .overlap: .overlap
    case .malformed, .unknownOpcode, .changed, .timeout: .badFrame
    }
  }

  /// What is wrong, in words.
  public var description: String {
    let what =
      switch reason {
      case .malformed: "a frame that is none"
      case .unknownOpcode: "an opcode this side does not know"
      case .tooLong: "a message that is too long"
      case .overlap: "other data for the same place"
      case .changed: "a fragment of another message with the same id"
      case .timeout: "a message whose rest did not come"
      }
    return id.map { "\(what) (id \($0))" } ?? what
  }
}
