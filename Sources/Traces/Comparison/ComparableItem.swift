import ISO7816
import Terminal

/// One step of a trace without what differs from run to run and card to card.
struct ComparableItem: Sendable {
  /// What was asked: equal for steps that are the same.
  let request: String
  /// What was answered, each answer once where the step stands for several commands.
  var answers: [String]
  /// The entry that gave the last of the answers, from 1.
  var number: Int
  /// The step is one of many that read or write a file whose length differs from card to card.
  var isPartOfPersonalFile = false

  var answer: String { answers.joined(separator: ", ") }
}

extension ComparableItem {
  /// The steps of a trace.
  ///
  /// Chains, GET RESPONSE and a repetition with the right Le are one step; so are power-ons and
  /// resets with nothing between them, and reads of one personal file in a row: how many those are
  /// depends on how long a certificate is. Unless `isExact`,
  /// challenges, cryptograms, signatures, codes and what is in personal files count by what they
  /// are, not by their bytes.
  static func items(of trace: Trace, isExact: Bool) -> [ComparableItem] {
    var items: [ComparableItem] = []
    var assembler = Assembler()
    var view = CardView()
    // A part of a chain, an answer that waits or a wrong Le: a step of its own only where the next
    // command does not go on from there.
    var unfinished: (header: [UInt8], item: ComparableItem)?
    for (index, entry) in trace.entries.enumerated() {
      let item: ComparableItem
      if case .exchange = entry.event {
      } else if let open = unfinished {
        items.append(open.item)
        unfinished = nil
      }
      switch entry.event {
      case .powerOff:
        assembler.reset()
        view.reset()
        continue
      case .powerOn(let atr), .reset(let atr):
        assembler.reset()
        view.reset()
        item = ComparableItem(
          request: "reset", answers: [atr.map { "ATR \(Hex.text($0.bytes))" } ?? "ATR not told"],
          number: index + 1)
        if items.last?.request == item.request { items.removeLast() }
      case .failure(let command, let redacted, _):
        let logical = assembler.take(
          Exchange(command: command, response: []), redacted: redacted != nil)
        item = ComparableItem(
          request: command.isEmpty ? "reset" : Normal(logical, view, isExact).request,
          answers: ["no answer"], number: index + 1)
      case .exchange(let exchange, let redacted):
        let logical = assembler.take(exchange, redacted: redacted != nil)
        let normal = Normal(logical, view, isExact)
        // A refused selection counts as one here: otherwise one changed answer would change what
        // every command after it is about.
        view.follow(logical, assumesSelection: true)
        item = ComparableItem(
          request: normal.request, answers: [normal.answer], number: index + 1,
          isPartOfPersonalFile: normal.readsPersonalFile)
        if let open = unfinished, open.header != logical.header { items.append(open.item) }
        unfinished = logical.isComplete ? nil : (logical.header, item)
        guard logical.isComplete else { continue }
        if item.isPartOfPersonalFile, let last = items.last, last.isPartOfPersonalFile,
          last.request == item.request
        {
          if !last.answers.contains(normal.answer) {
            items[items.count - 1].answers.append(normal.answer)
            items[items.count - 1].number = index + 1
          }
          continue
        }
      }
      items.append(item)
    }
    if let open = unfinished { items.append(open.item) }
    return items
  }
}

/// A command and its answer, what differs from run to run replaced by what it is.
private struct Normal {
  let request: String
  let answer: String
  let readsPersonalFile: Bool

  init(_ command: LogicalCommand, _ view: CardView, _ isExact: Bool) {
    let name = CommandAPDU.name(ofInstruction: command.ins)
    let parameters = Hex.text([command.cla & ~0x10, command.ins, command.p1, command.p2])
    let file = view.file.flatMap(CardFile.at)
    let isPersonal = !isExact && file?.isPersonal == true
    let isBinary = command.ins == 0xB0 || command.ins == 0xD6
    readsPersonalFile = isPersonal && isBinary
    let place = [0xB0, 0xD6, 0xB2, 0xDC, 0xE2].contains(command.ins) ? Self.place(view) : ""
    if readsPersonalFile {
      request = "\(name)\(place)"
      // Whether the last read ends where the file does depends on its length, too.
      answer = command.status == .endOfFileReached ? "9000" : command.status.text
      return
    }
    var parts = ["\(name) \(parameters)\(place)"]
    if !command.data.isEmpty {
      parts.append(Self.data(of: command, isPersonal: isPersonal, isExact))
    }
    // Of the others, T=0 leaves Le out.
    if let ne = command.ne, [0xB0, 0xB2, 0x84].contains(command.ins) { parts.append("Ne \(ne)") }
    request = parts.joined(separator: " ")
    answer = Self.answer(of: command, isPersonal: isPersonal, isExact)
  }

  private static func place(_ view: CardView) -> String {
    view.file.map { " of \(CardNames.file($0))" } ?? ""
  }

  private static func data(
    of command: LogicalCommand, isPersonal: Bool, _ isExact: Bool
  ) -> String {
    let count = "(\(command.data.count) bytes)"
    if command.isRedacted { return "code \(count)" }
    let bytes = Hex.text(command.data)
    guard !isExact else { return bytes }
    switch command.ins {
    case 0x20, 0x24, 0x2C: return "code \(count)"
    case 0x82: return "cryptogram \(count)"
    case 0x88: return "challenge \(count)"
    case 0x2A: return "block \(count)"
    case 0xD6, 0xDC, 0xE2: return isPersonal ? "contents \(count)" : bytes
    case 0xDA where command.p1 == 0x01 && command.p2 == 0x6E: return "object \(count)"
    default: return bytes
    }
  }

  private static func answer(
    of command: LogicalCommand, isPersonal: Bool, _ isExact: Bool
  ) -> String {
    let status = command.status.text
    guard !command.answer.isEmpty else { return status }
    let count = "(\(command.answer.count) bytes)"
    let exact = "\(Hex.text(command.answer)) \(status)"
    guard !isExact else { return exact }
    switch command.ins {
    case 0x84: return "random \(count) \(status)"
    case 0x2A, 0x88: return "result \(count) \(status)"
    case 0x46, 0x47: return "public key \(count) \(status)"
    case 0xB0, 0xB2: return isPersonal ? "contents \(count) \(status)" : exact
    default: return exact
    }
  }
}
