import ISO7816
import Terminal

/// Any command APDU: the way out where no other step fits.
struct RawAPDU: Step {
  static let keyword = "apdu"
  static let summary = "send any command APDU as it is; nothing is added to it"
  static let keys: [Key] = [
    .required("send", .bytes, "the command APDU"), .expect,
    .optional("data", .bytes, "what it must answer"),
    .optional("length", .number(0...65_536), "how many bytes it must answer"),
    .optional("capture", .variable, "the variable that takes the answer, in hexadecimal digits"),
  ]
  let command: [UInt8]
  let expect: StatusPattern
  let data: [UInt8]?
  let length: Int?
  let captured: String?

  init(_ fields: Fields) throws(ScenarioError) {
    command = fields.bytes("send") ?? []
    guard !command.isEmpty else { throw fields.wrong("send", "send has no bytes") }
    expect = fields.status()
    data = fields.bytes("data")
    length = fields.number("length")
    captured = fields.text("capture")
  }

  var use: CardUse {
    guard command.count >= 4, command[0] == 0x00 else { return .spending }
    switch command[1] {
    // MANAGE SECURITY ENVIRONMENT, GET CHALLENGE, SELECT, READ BINARY, READ RECORD, GET RESPONSE,
    // GET DATA: volatile at most.
    case 0x22, 0x84, 0xA4, 0xB0, 0xB1, 0xB2, 0xB3, 0xC0, 0xCA, 0xCB: return .reading
    // VERIFY without data asks how many tries are left.
    case 0x20: return command.count == 4 ? .reading : .spending
    default: return .spending
    }
  }

  var title: String { "\(CommandAPDU.meaning(of: command)) → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let answer: CardResponse
    do throws(ChannelError) { answer = try session.exchange(command) } catch {
      throw StepFailure("\(error)")
    }
    try expect.check(answer.status)
    if let data, data != answer.data {
      throw StepFailure("expected the data \(Hex.text(data)), got \(Hex.text(answer.data))")
    }
    if let length, length != answer.data.count {
      throw StepFailure("expected \(length) bytes of data, got \(answer.data.count)")
    }
    if let captured { world.capture(captured, Hex.text(answer.data)) }
  }
}

/// GET CHALLENGE.
struct Challenge: Step {
  static let keyword = "challenge"
  static let summary = "have the card give random bytes"
  static let keys: [Key] = [
    .optional("length", .number(1...256), "how many; 8"), .expect,
    .optional("capture", .variable, "the variable that takes them, in hexadecimal digits"),
  ]
  let length: Int
  let expect: StatusPattern
  let captured: String?

  init(_ fields: Fields) {
    length = fields.number("length") ?? 8
    expect = fields.status()
    captured = fields.text("capture")
  }

  var use: CardUse { .reading }
  var title: String { "get \(length) random bytes from the card → \(expect)" }

  func run(in world: World) throws(StepFailure) {
    let answer = try world.send(ins: 0x84, ne: length)
    try expect.check(answer.status)
    guard answer.status != .success || answer.data.count == length else {
      throw StepFailure("expected \(length) bytes, got \(answer.data.count)")
    }
    if let captured { world.capture(captured, Hex.text(answer.data)) }
  }
}

/// SELECT and READ BINARY: the whole of a file.
struct ReadFile: Step {
  static let keyword = "read"
  static let summary = "read a whole file of the card"
  static let keys: [Key] = [
    .required("file", .text, "the identifiers from the master file down: 1000/1003"),
    .optional("data", .bytes, "what it must hold"),
    .optional("starts-with", .bytes, "what it must begin with"),
    .optional("text", .text, "text that must be in it"),
    .optional("length", .number(0...32_767), "how many bytes it must have"),
    .optional("capture", .variable, "the variable that takes it, in hexadecimal digits"),
  ]
  let path: CardPath
  let name: String
  let data: [UInt8]?
  let start: [UInt8]?
  let text: String?
  let length: Int?
  let captured: String?

  init(_ fields: Fields) throws(ScenarioError) {
    name = fields.requiredText("file")
    var identifiers: [UInt16] = []
    for part in name.split(separator: "/", omittingEmptySubsequences: false) {
      guard part.count == 4, let identifier = UInt16(part, radix: 16) else {
        throw fields.wrong(
          "file", "file is four hexadecimal digits a step from the master file, as in 1000/1003")
      }
      identifiers.append(identifier)
    }
    path = CardPath(identifiers)
    data = fields.bytes("data")
    start = fields.bytes("starts-with")
    text = fields.text("text")
    length = fields.number("length")
    captured = fields.text("capture")
  }

  var use: CardUse { .reading }
  var title: String { "read the file \(name)" }

  func run(in world: World) throws(StepFailure) {
    let session = try world.card()
    let contents: [UInt8]
    do throws(CardError) { contents = try session.readFile(path) } catch {
      throw StepFailure("\(error)")
    }
    if let data, data != contents {
      throw StepFailure("expected \(Hex.text(data)), the file holds \(Hex.text(contents))")
    }
    if let start, !contents.starts(with: start) {
      throw StepFailure(
        "expected \(Hex.text(start)) in front, the file begins"
          + " \(Hex.text(contents.prefix(start.count)))")
    }
    if let text, !String(decoding: contents, as: UTF8.self).contains(text) {
      throw StepFailure("the file does not hold the text \"\(text)\"")
    }
    if let length, length != contents.count {
      throw StepFailure("expected \(length) bytes, the file has \(contents.count)")
    }
    if let captured { world.capture(captured, Hex.text(contents)) }
  }
}
