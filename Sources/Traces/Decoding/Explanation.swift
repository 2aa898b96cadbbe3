import Foundation
public import ISO7816
import Terminal

/// One entry of a trace in words.
public struct Explanation: Equatable, Sendable {
  /// The entry's number, from 1.
  public let number: Int
  /// When it began, in microseconds.
  public let time: Int
  /// What happened: "READ BINARY, 255 bytes from 0000".
  public let title: String
  /// The command; nil for what is none.
  public var command: [UInt8]?
  /// The response, or the ATR.
  public var response: [UInt8]?
  /// The file it acts on, with its path.
  public var file: String?
  /// More about it, a line each.
  public var details: [String] = []
  /// The status word.
  public var status: StatusWord?
  /// What the status word means, and where the standard says it.
  public var meaning: String?
  /// Where the standard describes the command.
  public var clause: String?
  /// Which rule the answer follows from, where it is not `9000` and the trace allows it.
  public var refusal: String?

  /// The explanation as one line of JSON, without its end.
  public var json: String {
    var fields = [
      "\"number\":\(number)", "\"time\":\(time)", "\"title\":\(JSONText.quoted(title))",
    ]
    if let command { fields.append("\"command\":\"\(Hex.text(command))\"") }
    if let response { fields.append("\"response\":\"\(Hex.text(response))\"") }
    let texts = [
      ("file", file), ("status", status?.text), ("meaning", meaning), ("clause", clause),
      ("refusal", refusal),
    ]
    for (name, text) in texts {
      if let text { fields.append("\"\(name)\":\(JSONText.quoted(text))") }
    }
    if !details.isEmpty { fields.append("\"details\":\(JSONText.quoted(details))") }
    return "{" + fields.joined(separator: ",") + "}"
  }
}

/// Explains a trace entry by entry, remembering what was selected, verified and told.
public struct Explainer: Sendable {
  private var view = CardView()
  private var assembler = Assembler()
  private var number = 0

  /// An explainer for a trace that begins with a card just powered.
  public init() {}

  /// Everything in a trace, explained.
  public static func explain(_ trace: Trace) -> [Explanation] {
    var explainer = Explainer()
    return trace.entries.map { explainer.explain($0) }
  }

  /// The next entry, explained.
  public mutating func explain(_ entry: TraceEntry) -> Explanation {
    number += 1
    switch entry.event {
    case .powerOn(let atr): return power(entry, "power on", atr)
    case .reset(let atr): return power(entry, "reset", atr)
    case .powerOff: return power(entry, "power off", nil)
    case .exchange(let exchange, let redacted):
      return explain(exchange, redacted != nil, entry)
    case .failure(let command, _, let reason):
      let title =
        command.isEmpty ? "power on: no answer" : CommandAPDU.meaning(of: command) + ": no answer"
      return Explanation(
        number: number, time: entry.time, title: title,
        command: command.isEmpty ? nil : command, details: [reason])
    }
  }

  private mutating func power(_ entry: TraceEntry, _ title: String, _ atr: ATR?) -> Explanation {
    view.reset()
    assembler.reset()
    var details: [String] = []
    if let atr {
      let historical = atr.historicalBytes
      details.append("historical bytes \(Hex.text(historical, separator: " "))")
      if historical.count == 15, historical[9...11] == [0x43, 0x4E, 0x53] {
        details.append(
          "CNS card, version \(historical[12] >> 4).\(historical[12] & 0x0F); integrated circuit"
            + " \(Hex.text([historical[2]])), mask \(Hex.text([historical[3]]))")
      }
      if !atr.hasCorrectTCK { details.append("TCK is wrong") }
    }
    return Explanation(
      number: number, time: entry.time, title: title, response: atr?.bytes, details: details)
  }

  private mutating func explain(
    _ exchange: Exchange, _ isRedacted: Bool, _ entry: TraceEntry
  ) -> Explanation {
    let command = assembler.take(exchange, redacted: isRedacted)
    let before = view
    view.follow(command)
    var title = CommandAPDU.meaning(of: exchange.command)
    if command.fetches {
      title += ", of the answer to \(CommandAPDU.name(ofInstruction: command.ins))"
    }
    var explanation = Explanation(
      number: number, time: entry.time, title: title, command: exchange.command,
      response: exchange.response)
    explanation.status = exchange.response.count >= 2 ? command.status : nil
    explanation.meaning = explanation.status.map { "\($0.meaning) (ISO/IEC 7816-4, 5.6)" }
    explanation.clause = CommandAPDU.clause(of: command)
    explanation.file = Self.file(of: command, before: before, after: view).map(CardNames.file)
    explanation.details = Self.details(of: command, before: before, isRedacted: isRedacted)
    explanation.refusal = explanation.status == nil ? nil : before.refusal(of: command)
    return explanation
  }

  /// The file a command is about.
  static func file(of command: LogicalCommand, before: CardView, after: CardView) -> [UInt16]? {
    switch command.ins {
    case 0xA4: command.isDone ? after.current : before.target(of: command)
    case 0xB0, 0xD6, 0xB2, 0xDC, 0xE2: before.file
    case 0xE0: command.isDone ? after.current : nil
    case 0xE4, 0x04, 0x44, 0xE6, 0xE8: before.current
    default: nil
    }
  }

  private static func details(
    of command: LogicalCommand, before: CardView, isRedacted: Bool
  ) -> [String] {
    var lines: [String] = []
    if isRedacted { lines.append("the secret was left out of the trace") }
    guard command.isDone, !command.waits, !command.continues else { return lines }
    switch command.ins {
    case 0xA4: lines += control(command.answer)
    case 0xE0: lines += control(command.data)
    case 0xB0, 0xB2: if let text = printable(command.answer) { lines.append("text: \(text)") }
    case 0xD6, 0xDC, 0xE2: if let text = printable(command.data) { lines.append("text: \(text)") }
    case 0x2A:
      let key = command.p1 == 0x80 ? before.confidentialityKey : before.signatureKey
      if let key { lines.append("with \(CardNames.key(key))") }
    case 0x88: if let key = before.authenticationKey { lines.append("with \(CardNames.key(key))") }
    case 0x22: if let key = CardView.keyReference(command.data) { lines.append(CardNames.key(key)) }
    case 0xCA where command.p1 == 0x01 && command.p2 == 0x83:
      if let name = command.answer.first.flatMap(LifeCycle.init) { lines.append("card \(name)") }
    case 0xDA where command.p1 == 0x01 && command.p2 == 0x83:
      if let name = command.data.first.flatMap(LifeCycle.init) { lines.append("card \(name)") }
    default: break
    }
    return lines
  }

  private static func control(_ bytes: [UInt8]) -> [String] {
    FileControl(bytes)?.objects.map { "\($0.tag) \($0.words)" } ?? []
  }

  /// The text in front of zero padding, where there is nothing but text.
  private static func printable(_ bytes: [UInt8]) -> String? {
    let text = bytes.prefix { $0 != 0 }
    guard text.count >= 4, text.allSatisfy({ (0x20...0x7E).contains($0) }),
      bytes.dropFirst(text.count).allSatisfy({ $0 == 0 })
    else { return nil }
    return String(decoding: text, as: UTF8.self)
  }
}
