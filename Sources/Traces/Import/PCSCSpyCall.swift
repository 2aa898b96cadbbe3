/// One call of a PC/SC function, as far as pcsc-spy has told it.
struct PCSCSpyCall {
  let name: String
  /// When it began, in microseconds.
  let began: Int
  private(set) var command = LoggedBytes()
  private(set) var answer = LoggedBytes()
  /// ATRs, and the readers they were told of.
  private(set) var atrs: [(reader: String?, atr: LoggedBytes)] = []
  /// The reader that was named last.
  private(set) var reader: String?
  /// A hash of the card handle that was given, and of the one that was returned.
  private(set) var handle: UInt64 = 0
  private(set) var newHandle: UInt64 = 0
  private(set) var resets = false
  private(set) var isDirect = false

  private var buffer = Buffer.none
  private var commandLength: Int?
  private var answerLength: Int?
  private var asksATR = false
  private var attribute = LoggedBytes()

  private enum Buffer {
    case none
    case command
    case answer
    case attribute
  }

  init(_ name: String, at time: Int) {
    self.name = name
    began = time
  }

  /// A line behind its "i " or "o ".
  mutating func read(_ line: LogLine, from start: Int, isOutput: Bool) {
    let text = line.skippingBlanks(from: start)
    guard text < line.bytes.count else { return }
    if let bytes = Self.offset(line, text), buffer != .none {
      take(line, bytes)
      return
    }
    if line.has("NULL", at: text) { return }
    buffer = .none
    if line.has("hCard", at: text) {
      handle = Self.hash(line, text)
    } else if line.has("phCard", at: text) {
      newHandle = Self.hash(line, text)
    } else if line.has("bSendLength", at: text) {
      commandLength = Self.length(line, text)
    } else if line.has("bRecvLength", at: text) {
      answerLength = Self.length(line, text)
    } else if line.has("bSendBuffer", at: text) {
      buffer = .command
    } else if line.has("bRecvBuffer", at: text) {
      buffer = .answer
    } else if line.has("szReader", at: text) || line.has("mszReaderName", at: text) {
      reader = Self.value(line, text).map { line.name($0) }
    } else if line.has("Atr: ", at: text) || line.has("bAtr ", at: text)
      || line.has("bAtr: ", at: text)
    {
      // What a program asks with may be of an earlier card.
      if isOutput, let value = Self.value(line, text) { learn(line, value.lowerBound) }
    } else if line.has("bAttr", at: text), !line.has("bAttrLen", at: text) {
      if asksATR, isOutput { buffer = .attribute }
    } else {
      readOptions(line, text)
    }
  }

  private mutating func readOptions(_ line: LogLine, _ text: Int) {
    if line.has("dwInitialization", at: text) || line.has("dwDisposition", at: text) {
      resets =
        line.contains("RESET_CARD", from: text) || line.contains("UNPOWER_CARD", from: text)
        || line.contains("0x00000001", from: text) || line.contains("0x00000002", from: text)
    } else if line.has("dwShareMode", at: text) {
      isDirect = line.contains("SCARD_SHARE_DIRECT", from: text)
    } else if line.has("dwAttrId", at: text) {
      asksATR = line.contains("ATR_STRING", from: text)
    }
  }

  private mutating func take(_ line: LogLine, _ start: Int) {
    var part = LoggedBytes()
    switch buffer {
    case .command:
      _ = part.take(line.bytes, from: start, atMost: Self.room(command, commandLength))
      command.append(part)
    case .answer:
      _ = part.take(line.bytes, from: start, atMost: Self.room(answer, answerLength))
      answer.append(part)
    case .attribute:
      _ = part.take(line.bytes, from: start, atMost: Self.room(attribute, nil))
      attribute.append(part)
      if atrs.last?.reader == nil { atrs = [] }
      atrs.append((nil, attribute))
    case .none: break
    }
    command.isCut = commandLength.map { command.count < $0 } ?? false
    answer.isCut = answerLength.map { answer.count < $0 } ?? false
  }

  /// A line has sixteen bytes; then come their characters, which may look like bytes.
  private static func room(_ bytes: LoggedBytes, _ length: Int?) -> Int {
    min(16, length.map { max(0, $0 - bytes.count) } ?? 16)
  }

  private mutating func learn(_ line: LogLine, _ start: Int) {
    guard atrs.count < 64 else { return }
    var atr = LoggedBytes()
    _ = atr.take(line.bytes, from: start)
    if !atr.isEmpty { atrs.append((reader, atr)) }
  }

  /// The first byte behind the offset that a line of a dump begins with.
  private static func offset(_ line: LogLine, _ start: Int) -> Int? {
    var index = start
    while index < line.bytes.count, HexDigit.value(line.bytes[index]) != nil { index += 1 }
    guard index - start >= 4, index < line.bytes.count, line.bytes[index] == 0x20 else {
      return nil
    }
    return index + 1
  }

  /// What follows a field's name.
  private static func value(_ line: LogLine, _ start: Int) -> Range<Int>? {
    guard let blank = line.bytes[start...].firstIndex(of: 0x20) else { return nil }
    let begin = line.skippingBlanks(from: blank)
    return begin < line.bytes.count ? begin..<line.bytes.count : nil
  }

  private static func hash(_ line: LogLine, _ start: Int) -> UInt64 {
    guard let value = value(line, start) else { return 0 }
    return LogHash.of(line.bytes[value].prefix { $0 != 0x20 })
  }

  /// "0x0000000C (12)".
  private static func length(_ line: LogLine, _ start: Int) -> Int? {
    guard let open = line.bytes[start...].firstIndex(of: 0x28),
      let (value, end) = line.number(at: open + 1), line.has(")", at: end)
    else { return nil }
    return value
  }
}
