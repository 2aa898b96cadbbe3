public import ISO7816

/// A card did not do what it was asked.
public enum CardError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The wire failed.
  case channel(ChannelError)
  /// The card answered another status word than success.
  case refused(attempt: String, StatusWord)
  /// The card answered success with data that are none.
  case unexpectedData(attempt: String)

  /// The status word, where the card gave one.
  public var status: StatusWord? {
    if case .refused(_, let status) = self { status } else { nil }
  }

  /// One sentence with everything in it.
  public var description: String {
    switch self {
    case .channel(let error): "\(error)"
    case .refused(let attempt, let status):
      "the card refused to \(attempt): \(status.text) (\(status.meaning))"
    case .unexpectedData(let attempt): "the card's answer to \(attempt) makes no sense"
    }
  }
}

/// A file by its identifiers from the master file down, without the master file's own.
public struct CardPath: Equatable, Sendable, ExpressibleByArrayLiteral {
  /// The identifiers; empty for the master file.
  public let identifiers: [UInt16]

  /// A path from its identifiers.
  public init(_ identifiers: [UInt16]) { self.identifiers = identifiers }
  /// A path from its identifiers.
  public init(arrayLiteral elements: UInt16...) { identifiers = elements }

  /// The bytes SELECT takes.
  public var bytes: [UInt8] { identifiers.flatMap { [UInt8($0 >> 8), UInt8($0 & 0xFF)] } }
}

/// The commands of ISO/IEC 7816-4 and -8 that this project's host side sends. Each throws for any
/// status word but `9000`.
extension CardSession {
  /// Sends a command and expects success.
  public func command(
    _ attempt: String, ins: UInt8, p1: UInt8 = 0, p2: UInt8 = 0, data: [UInt8] = [], ne: Int? = nil
  ) throws(CardError) -> [UInt8] {
    let response: CardResponse
    do throws(ChannelError) {
      response = try send(ins: ins, p1: p1, p2: p2, data: data, ne: ne)
    } catch {
      throw .channel(error)
    }
    guard response.status == .success else {
      throw .refused(attempt: attempt, response.status)
    }
    return response.data
  }

  /// SELECT by path from the master file, without an answer.
  public func select(_ path: CardPath) throws(CardError) {
    if path.identifiers.isEmpty {
      _ = try command("select the master file", ins: 0xA4, p1: 0x00, p2: 0x0C, data: [0x3F, 0x00])
    } else {
      _ = try command(
        "select \(Hex.text(path.bytes))", ins: 0xA4, p1: 0x08, p2: 0x0C, data: path.bytes)
    }
  }

  /// SELECT and READ BINARY: the whole of a transparent file.
  public func readFile(_ path: CardPath) throws(CardError) -> [UInt8] {
    let attempt = "read \(Hex.text(path.bytes))"
    let template = try command(attempt, ins: 0xA4, p1: 0x08, p2: 0x04, data: path.bytes, ne: 256)
    let size: Int
    do throws(StatusWord) {
      let span = template.span
      guard let outer = try TLV.find(0x62, in: span, 0..<span.count),
        let field = try TLV.find(0x80, in: span, outer), field.count == 2
      else { throw .incorrectData }
      size = Int(span[field.lowerBound]) << 8 | Int(span[field.lowerBound + 1])
    } catch {
      throw .unexpectedData(attempt: attempt)
    }
    var contents: [UInt8] = []
    while contents.count < size {
      let part = try command(
        attempt, ins: 0xB0, p1: UInt8(contents.count >> 8), p2: UInt8(contents.count & 0xFF),
        ne: min(255, size - contents.count))
      guard !part.isEmpty else { throw .unexpectedData(attempt: attempt) }
      contents += part
    }
    return contents
  }

  /// SELECT and UPDATE BINARY from the beginning of a file.
  public func updateFile(_ path: CardPath, _ contents: [UInt8]) throws(CardError) {
    try select(path)
    var position = 0
    while position < contents.count {
      let next = min(position + 255, contents.count)
      _ = try command(
        "write \(Hex.text(path.bytes))", ins: 0xD6, p1: UInt8(position >> 8),
        p2: UInt8(position & 0xFF), data: Array(contents[position..<next]))
      position = next
    }
  }

  /// VERIFY.
  public func verify(_ reference: UInt8, _ code: String) throws(CardError) {
    _ = try command(
      "verify \(Hex.text([reference]))", ins: 0x20, p2: reference, data: Self.padded(code))
  }

  /// GET CHALLENGE.
  public func challenge(_ count: Int) throws(CardError) -> [UInt8] {
    try command("give a challenge", ins: 0x84, ne: count)
  }

  /// A PIN or PUK as it goes over the wire: its characters, padded with `FF` to eight bytes.
  public static func padded(_ code: String) -> [UInt8] {
    let characters = Array(code.utf8)
    return characters + [UInt8](repeating: 0xFF, count: max(0, 8 - characters.count))
  }

  /// MANAGE SECURITY ENVIRONMENT and PERFORM SECURITY OPERATION: the raw private-key operation on
  /// a block as long as the modulus.
  public func signBlock(_ block: [UInt8], key: UInt8) throws(CardError) -> [UInt8] {
    _ = try command("restore the security environment", ins: 0x22, p1: 0xF3, p2: 0x03)
    _ = try command(
      "choose key \(Hex.text([key]))", ins: 0x22, p1: 0xF1, p2: 0xB6, data: [0x83, 0x01, key])
    return try command("sign", ins: 0x2A, p1: 0x9E, p2: 0x9A, data: block, ne: 256)
  }
}
