import ISO7816

/// The data field of a command that comes in parts (ISO/IEC 7816-4, 5.3.3).
struct CommandChain {
  /// Most bytes a chain may carry: more than any data field the card takes.
  static let capacity = 8192

  /// The parts so far.
  var bytes: [UInt8] = []
  private var header: UInt32?

  /// The command has the header of the chain that is open.
  func continues(_ command: CommandAPDU) -> Bool { header == Self.header(of: command) }

  /// Takes one more part; the first one gives the chain its header.
  ///
  /// - Throws: `6700` where the chain grows too long.
  mutating func append(_ data: Span<UInt8>, of command: CommandAPDU) throws(StatusWord) {
    header = Self.header(of: command)
    guard bytes.count + data.count <= Self.capacity else { throw .wrongLength }
    for index in 0..<data.count { bytes.append(data[index]) }
  }

  /// Forgets the chain.
  mutating func drop() {
    header = nil
    bytes.removeAll(keepingCapacity: true)
  }

  private static func header(of command: CommandAPDU) -> UInt32 {
    UInt32(command.cla & ~0x10) << 24 | UInt32(command.ins) << 16 | UInt32(command.p1) << 8
      | UInt32(command.p2)
  }
}

/// Response data that did not fit into Ne and wait for GET RESPONSE (ISO/IEC 7816-4, 5.3.4).
struct WaitingResponse {
  /// The most data of one response APDU. With the status word it is 65,535 bytes, as much as wires
  /// whose frames are counted in two bytes can carry: a longer answer comes in parts over each of them
  /// alike (docs/decisions/0023-longest-response.md).
  static let mostData = 65_533

  private var bytes: [UInt8] = []
  private var position = 0

  /// Keeps what is in `reply` beyond the first `ne` bytes; answers the status word to send.
  mutating func hold(back reply: inout [UInt8], beyond ne: Int?, _ status: StatusWord) -> StatusWord
  {
    let count = min(ne ?? 0, Self.mostData)
    guard reply.count > count else { return status }
    for index in count..<reply.count { bytes.append(reply[index]) }
    reply.removeLast(reply.count - count)
    return .bytesRemaining(bytes.count)
  }

  /// Appends the next `ne` bytes to the reply.
  ///
  /// - Throws: `6985` where nothing waits.
  mutating func take(_ ne: Int, into reply: inout [UInt8]) throws(StatusWord) -> StatusWord {
    guard position < bytes.count else { throw .conditionsOfUseNotSatisfied }
    let end = min(position + min(ne, Self.mostData), bytes.count)
    for index in position..<end { reply.append(bytes[index]) }
    position = end
    guard position < bytes.count else {
      drop()
      return .success
    }
    return .bytesRemaining(bytes.count - position)
  }

  /// Forgets what waits.
  mutating func drop() {
    bytes.removeAll(keepingCapacity: true)
    position = 0
  }
}
