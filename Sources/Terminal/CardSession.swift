public import ISO7816

/// A response as the application sees it: all its data, and the status word that ended it.
public struct CardResponse: Equatable, Sendable {
  /// The data of all parts, without status words.
  public let data: [UInt8]
  /// The final status word.
  public let status: StatusWord

  /// A response from its two parts.
  public init(data: [UInt8], status: StatusWord) {
    self.data = data
    self.status = status
  }
}

/// What went over the wire, one command and its answer.
public struct Exchange: Equatable, Sendable {
  /// The command APDU.
  public let command: [UInt8]
  /// The response APDU, SW1-SW2 included.
  public let response: [UInt8]

  /// One command and its answer.
  public init(command: [UInt8], response: [UInt8]) {
    self.command = command
    self.response = response
  }
}

/// The terminal's side of a channel: chains what is too long, fetches what waits (ISO/IEC 7816-4,
/// 5.3.3 and 5.3.4), and tells an observer every exchange.
public final class CardSession {
  /// The wire.
  public let channel: any CardChannel
  private let observer: ((Exchange) -> Void)?

  /// A session over `channel`; `observer` sees every exchange as it happened on the wire.
  public init(_ channel: any CardChannel, observer: ((Exchange) -> Void)? = nil) {
    self.channel = channel
    self.observer = observer
  }

  /// Sends one command, chained in parts of 255 bytes where the data field is longer, and fetches
  /// the whole response (`61xx` by GET RESPONSE, `6Cxx` by asking again).
  ///
  /// - Throws: `ChannelError` where the wire failed; a status word is an answer, not an error.
  public func send(
    cla: UInt8 = 0x00, ins: UInt8, p1: UInt8 = 0x00, p2: UInt8 = 0x00, data: [UInt8] = [],
    ne: Int? = nil
  ) throws(ChannelError) -> CardResponse {
    var rest = data[...]
    while rest.count > 255 {
      let part = CommandAPDU.bytes(
        cla: cla | 0x10, ins: ins, p1: p1, p2: p2, data: Array(rest.prefix(255)))
      let answer = try exchange(part)
      guard answer.status == .success else { return answer }
      rest = rest.dropFirst(255)
    }
    return try complete(
      CommandAPDU.bytes(cla: cla, ins: ins, p1: p1, p2: p2, data: Array(rest), ne: ne))
  }

  /// Sends a command APDU as it is, and fetches what `61xx` and `6Cxx` announce.
  public func complete(_ command: [UInt8]) throws(ChannelError) -> CardResponse {
    var answer = try exchangeCorrectingLe(command)
    var data = answer.data
    while answer.status.sw1 == 0x61 {
      answer = try exchangeCorrectingLe([0x00, 0xC0, 0x00, 0x00, answer.status.sw2])
      // A card that announces data and gives none would do so for ever.
      guard !answer.data.isEmpty else { break }
      data += answer.data
    }
    return CardResponse(data: data, status: answer.status)
  }

  /// Sends a command APDU, once more with the right Le where the card tells it by `6Cxx`.
  private func exchangeCorrectingLe(_ bytes: [UInt8]) throws(ChannelError) -> CardResponse {
    let answer = try exchange(bytes)
    guard answer.status.sw1 == 0x6C else { return answer }
    let command: CommandAPDU
    do throws(StatusWord) { command = try CommandAPDU(parsing: bytes.span) } catch {
      return answer
    }
    return try exchange(
      CommandAPDU.bytes(
        cla: command.cla, ins: command.ins, p1: command.p1, p2: command.p2,
        data: Array(bytes[command.data]),
        ne: answer.status.sw2 == 0 ? 256 : Int(answer.status.sw2)))
  }

  /// Sends a command APDU as it is, and nothing else.
  public func exchange(_ command: [UInt8]) throws(ChannelError) -> CardResponse {
    let response = try channel.transmit(command)
    observer?(Exchange(command: command, response: response))
    guard response.count >= 2 else {
      throw ChannelError(
        .malformedResponse, attempt: "read the response APDU",
        reason: "the card answered \(response.count) bytes; SW1-SW2 alone are two")
    }
    return CardResponse(
      data: Array(response.dropLast(2)),
      status: StatusWord(sw1: response[response.count - 2], sw2: response[response.count - 1]))
  }
}
