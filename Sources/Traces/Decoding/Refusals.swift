import ISO7816

/// Why a card answered something else than success: the rule, as far as the trace tells it.
extension CardView {
  /// The rule behind a status word other than `9000`, in words; nil where the trace does not allow
  /// more than the status word's own meaning. Asked before the command is followed.
  func refusal(of command: LogicalCommand) -> String? {
    let status = command.status
    guard status != .success, !command.waits else { return nil }
    if command.isWrongLe {
      return "Le does not fit; the command is expected again with \(Hex.text([status.sw2]))"
    }
    if let general = generalRefusal(of: command) { return general }
    switch command.ins {
    case 0xA4: return selectRefusal(of: command)
    case 0xB0, 0xD6: return binaryRefusal(of: command)
    case 0xB2, 0xDC, 0xE2: return recordRefusal(of: command)
    case 0x20, 0x24, 0x2C, 0x82, 0x84: return codeRefusal(of: command)
    case 0x22, 0x2A, 0x88, 0x46, 0x47: return keyRefusal(of: command)
    case 0xC0: return responseRefusal(of: command)
    case 0xCA, 0xDA, 0xE0, 0xE4, 0x04, 0x44, 0xE6, 0xE8: return administrationRefusal(of: command)
    default: return nil
    }
  }

  /// What has nothing to do with the instruction: class, lengths, parameters, memory, life cycle.
  private func generalRefusal(of command: LogicalCommand) -> String? {
    let cla = Hex.text([command.cla])
    switch command.status.rawValue {
    case 0x6E00:
      return "class \(cla) is not the interindustry class 00 (10 in a chain) this card speaks"
    case 0x6881: return "class \(cla) asks for a logical channel; there is only the basic one"
    case 0x6882: return "class \(cla) asks for secure messaging, which this card does not speak"
    case 0x6884:
      return "class \(cla) says that more parts follow, which this instruction does not allow"
    case 0x6D00: return "the card has no instruction \(Hex.text([command.ins]))"
    case 0x6581: return "the non-volatile memory failed; nothing was changed"
    case 0x6A86:
      return "this instruction has no parameters P1-P2 \(Hex.text([command.p1, command.p2]))"
    case 0x6700 where command.command == nil:
      return "Lc and Le contradict the number of bytes"
    case 0x6700 where command.data.count > 8192:
      return "a chain carries at most 8192 bytes"
    case 0x6985: return lifeCycleRefusal(of: command)
    default: return nil
    }
  }

  /// Which commands are carried out in which state of the card's life.
  private func lifeCycleRefusal(of command: LogicalCommand) -> String? {
    guard let state else { return nil }
    let forbidden: Set<LifeCycle>
    switch command.ins {
    case 0xA4, 0xCA, 0xC0: forbidden = []
    case 0xB0, 0xB2, 0x84, 0x82: forbidden = [.terminated]
    case 0xDA where command.p2 == 0x83: forbidden = [.terminated]
    case 0xE0, 0xE4, 0xDA: forbidden = [.manufactured, .personalised, .terminated]
    case 0x46 where command.p1 == 0x81: forbidden = [.terminated]
    case 0xD6, 0xDC, 0xE2, 0x46, 0x04, 0x44, 0xE6, 0xE8: forbidden = [.manufactured, .terminated]
    default: forbidden = [.manufactured, .initialised, .terminated]
    }
    return forbidden.contains(state)
      ? "the card is \(state), and carries this command out in another state of its life only" : nil
  }

  // MARK: Files

  private func selectRefusal(of command: LogicalCommand) -> String? {
    let wanted = target(of: command)
    switch command.status.rawValue {
    case 0x6A82, 0x6A88:
      guard let wanted else {
        let aid = Hex.text(command.data)
        let whose = CardNames.application(command.data).map { " (\($0))" } ?? ""
        return "no application \(aid)\(whose) is on the card"
      }
      switch command.p1 {
      case 0x01: return "no directory \(Hex.text(command.data)) in \(CardNames.short(directory))"
      case 0x02:
        return "no elementary file \(Hex.text(command.data)) in \(CardNames.short(directory))"
      default: return "no file \(CardNames.file(wanted)) is on the card"
      }
    case 0x6700:
      return command.p1 == 0x04
        ? "a name has 1 to 16 bytes, not \(command.data.count)"
        : "a file is named by identifiers of two bytes, not by \(command.data.count) bytes"
    case 0x6283: return wanted.map { "\(CardNames.file($0)) is deactivated" }
    case 0x6285: return wanted.map { "\(CardNames.file($0)) is terminated" }
    default: return nil
    }
  }

  private func binaryRefusal(of command: LogicalCommand) -> String? {
    let isRead = command.ins == 0xB0
    if command.status == .fileNotFound, command.p1 & 0x80 != 0 {
      return "P1 names a short file identifier, and the files of this card have none"
    }
    if command.status == .wrongLength {
      return isRead
        ? "READ BINARY needs Le, the number of bytes to read" : "there are no bytes to write"
    }
    guard let file = file else { return noFile(command.status) }
    let name = CardNames.short(file)
    let offset = Int(command.p1 & 0x7F) << 8 | Int(command.p2)
    let size = size(of: file)
    switch command.status.rawValue {
    case 0x6982: return accessRefusal(isRead ? "READ" : "UPDATE", isRead ? 0 : 1, of: file)
    case 0x6981: return "\(name) consists of records"
    case 0x6B00:
      let end = size.map { "ends after \($0) bytes" } ?? "is shorter"
      return "\(name) \(end): nothing is at offset \(offset)"
    case 0x6282: return "\(name) ended after \(command.answer.count) of the bytes asked for"
    case 0x6A84:
      return size.map { size in
        offset + command.data.count > size
          ? "\(command.data.count) bytes at \(offset) run past the end of \(name), \(size) bytes"
          : "the memory is full; nothing was changed"
      }
    case 0x6985: return "\(name), or a directory above it, is deactivated or terminated"
    default: return nil
    }
  }

  private func recordRefusal(of command: LogicalCommand) -> String? {
    guard let file = file else { return noFile(command.status) }
    let name = CardNames.short(file)
    let operation =
      switch command.ins {
      case 0xB2: ("READ", 0)
      case 0xDC: ("UPDATE", 1)
      default: ("APPEND", 2)
      }
    switch command.status.rawValue {
    case 0x6982: return accessRefusal(operation.0, operation.1, of: file)
    case 0x6981: return "\(name) is transparent: it has no records"
    case 0x6A83: return "\(name) has no record \(command.p1)"
    case 0x6700:
      return command.ins == 0xB2
        ? "READ RECORD needs Le" : "no record of \(name) has \(command.data.count) bytes"
    case 0x6A84: return "\(name) or the memory is full; nothing was changed"
    case 0x6985: return "\(name), or a directory above it, is deactivated or terminated"
    default: return nil
    }
  }

  private func noFile(_ status: StatusWord) -> String? {
    guard status == .noCurrentFile else { return nil }
    return "no elementary file is selected; the current directory is \(CardNames.file(directory))"
  }

  /// Whose rule says no: "EF_IDCarta: UPDATE is never allowed".
  func accessRefusal(_ operation: String, _ position: Int, of path: [UInt16]) -> String? {
    guard let rule = rule(position, of: path) else { return nil }
    return "\(CardNames.short(path)): \(operation) \(missing(rule))"
  }

  /// What a rule asks for that is not there.
  func missing(_ rule: UInt8) -> String {
    if let state, state == .initialised || state == .personalised {
      return "is for the issuer while the card is being built, and \(notDone(CardFile.issuer))"
    }
    switch rule {
    case 0x00: return "is allowed to everybody by the rule the card told"
    case 0xFF, 0x66: return "is never allowed"
    default: return "is allowed after \(CardNames.reference(rule)), and \(notDone(rule))"
    }
  }

  /// That an object was not verified.
  func notDone(_ object: UInt8) -> String {
    if verified.contains(object & 0x1F) { return "it is not verified any more" }
    let verb = object & 0x1F == CardFile.issuer ? "used" : "verified"
    return "it was not \(verb) since the last reset"
  }

  private func responseRefusal(of command: LogicalCommand) -> String? {
    switch command.status.rawValue {
    case 0x6985: "nothing waits to be fetched"
    case 0x6700: "GET RESPONSE needs Le"
    default: nil
    }
  }
}
