import ISO7816

/// Why a card refused a PIN, a key, or what is for its issuer.
extension CardView {
  /// VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER, EXTERNAL AUTHENTICATE, GET CHALLENGE.
  func codeRefusal(of command: LogicalCommand) -> String? {
    let name = CardNames.reference(command.p2)
    if command.ins == 0x84 {
      return command.status == .wrongLength ? "GET CHALLENGE needs Le" : nil
    }
    // CHANGE KEY DATA, of the proprietary class.
    if command.cla & 0x80 != 0 { return keyDataRefusal(of: command) }
    switch command.status.rawValue {
    case 0x6A88:
      return "no \(command.ins == 0x82 ? "key" : "PIN or PUK") \(Hex.text([command.p2 & 0x1F]))"
        + " is in \(CardNames.short(directory)) or above"
    case 0x6982:
      return switch command.ins {
      case 0x24 where command.p1 == 1:
        "\(name): a new value alone is taken after the old one was verified, and"
          + " \(notDone(command.p2))"
      case 0x24: "\(name) is never changed by its holder"
      default:
        "\(name) is not unblocked like this: nothing unblocks it, or its PUK was not verified"
      }
    case 0x6985:
      return command.ins == 0x82
        ? "no challenge: GET CHALLENGE for 8 bytes comes first, and is good for one attempt"
        : "the transport \(name) is right, and must be changed before it opens anything"
    case 0x6700: return codeLength(of: command)
    case 0x6A80:
      return "a new value is digits, as many as \(name) asks for, padded with FF to 8 bytes;"
        + " a transport \(name) is changed to another one"
    case 0x6983: return blocked(command, name)
    case 0x6984: return "the value or the counter of \(name) cannot be read"
    default: break
    }
    guard let left = command.status.triesLeft else { return nil }
    let tries = "\(left) \(left == 1 ? "try is" : "tries are") left"
    if command.data.isEmpty { return "\(name) is not verified; \(tries), none was spent" }
    switch command.ins {
    case 0x2C:
      return "the code that unblocks \(name) is wrong: its PUK has spent a try, \(tries)"
    case 0x82: return "the cryptogram is not that of \(name): \(tries)"
    default: return "the code is not that of \(name): \(tries)"
    }
  }

  private func blocked(_ command: LogicalCommand, _ name: String) -> String {
    switch command.ins {
    case 0x2C: "the code that unblocks \(name) has no tries left, and nothing unblocks it"
    case 0x82: "\(name) has no tries left"
    default:
      command.p2 & 0x1F == 0x11 || command.p2 & 0x1F == 0x1B
        ? "\(name) has no tries left: blocked for good"
        : "\(name) has no tries left: its PUK unblocks it (RESET RETRY COUNTER)"
    }
  }

  private func codeLength(of command: LogicalCommand) -> String {
    let count = command.data.count
    return switch command.ins {
    case 0x20: "no PIN has \(count) bytes: at least its shortest length, at most 8"
    case 0x24 where command.p1 == 0: "old and new value are 16 bytes, not \(count)"
    case 0x24: "the new value is 8 bytes, not \(count)"
    case 0x2C:
      "P1 \(Hex.text([command.p1])) asks for"
        + " \([0: "PUK and new PIN, 16", 1: "the PUK, 8", 2: "the new PIN, 8"][command.p1] ?? "no")"
        + " bytes, not \(count)"
    default: "a cryptogram has 16 bytes, not \(count)"
    }
  }

  private func keyDataRefusal(of command: LogicalCommand) -> String? {
    switch command.status.rawValue {
    case 0x6982: "the transport key is for the issuer to change, and \(notDone(CardFile.issuer))"
    case 0x6985: "private keys are generated in the card, never put in"
    case 0x6A88: "the card has no such key"
    case 0x6700: "a transport key has 16 bytes, not \(command.data.count)"
    default: nil
    }
  }

  // MARK: Keys

  /// MANAGE SECURITY ENVIRONMENT, PERFORM SECURITY OPERATION, INTERNAL AUTHENTICATE, GENERATE
  /// ASYMMETRIC KEY PAIR.
  func keyRefusal(of command: LogicalCommand) -> String? {
    let number = Hex.text([command.p2])
    switch (command.ins, command.status.rawValue) {
    case (0x22, 0x6A88):
      return command.p1 == 0xF3
        ? "the card has no security environment \(number)"
        : "no private key \(Hex.text([Self.keyReference(command.data) ?? 0])) is in"
          + " \(CardNames.short(directory)) or above"
    case (0x22, 0x6A80), (0x22, 0x6A85):
      return "the data name no key: 83 01 and its identifier are expected"
    case (0x46, _), (0x47, _): return generationRefusal(of: command)
    default: break
    }
    let key =
      command.ins == 0x88
      ? authenticationKey : command.p1 == 0x80 ? confidentialityKey : signatureKey
    switch command.status.rawValue {
    case 0x6985:
      return key.map { "\(CardNames.key($0)) asks for its button, which nobody pressed" }
        ?? "no key was chosen: MANAGE SECURITY ENVIRONMENT SET comes first"
    case 0x6982:
      guard let key else { return nil }
      guard let pin = CardNames.pin(ofKey: key) else {
        return "the PIN that opens \(CardNames.key(key)) is not verified"
      }
      return "\(CardNames.key(key)) is used after \(CardNames.reference(pin)), and \(notDone(pin))"
    case 0x6A88:
      return key.map { "\(CardNames.key($0)) was not generated yet, or is not seen from here" }
    case 0x6A80: return blockRefusal(of: command)
    case 0x6A81: return "a key of an elliptic curve does not decipher"
    default: return nil
    }
  }

  private func blockRefusal(of command: LogicalCommand) -> String {
    let count = command.data.count
    return switch command.ins {
    case 0x2A where command.p1 == 0x80:
      "DECIPHER takes 00 and a block as long as the modulus and smaller than it, not \(count) bytes"
    case 0x88: "a challenge is at least 11 bytes shorter than the modulus, not \(count) bytes"
    default:
      "a block is as long as the modulus and smaller than it, and a DigestInfo at least 11 bytes"
        + " shorter; \(count) bytes are neither"
    }
  }

  private func generationRefusal(of command: LogicalCommand) -> String? {
    let key = CardNames.key(command.p2)
    switch command.status.rawValue {
    case 0x6982: return "\(key): GENERATE is for the issuer, and \(notDone(CardFile.issuer))"
    case 0x6A88:
      return command.p1 == 0x81
        ? "there is no \(key) here, or it was not generated yet" : "there is no \(key) here"
    case 0x6A80: return "the data are not 20, the key, a file and four parameters (8 bytes)"
    case 0x6A82: return "the file for the public key is not in \(CardNames.short(directory))"
    case 0x6A84: return "the file for the public key is too small, or the memory is full"
    default: return nil
    }
  }

  // MARK: The issuer's commands

  /// GET DATA, PUT DATA, CREATE, DELETE, ACTIVATE, DEACTIVATE, TERMINATE.
  func administrationRefusal(of command: LogicalCommand) -> String? {
    let here = CardNames.short(directory)
    let what = CardNames.short(current)
    switch (command.ins, command.status.rawValue) {
    case (0xCA, 0x6A88):
      return "the card has no data object \(Hex.text([command.p1, command.p2]))"
    case (0xE0, 0x6982): return accessRefusal("CREATE", 7, of: directory) ?? issuerOnly(here)
    case (0xE0, 0x6A89): return "a file with this identifier is in \(here) already"
    case (0xE0, 0x6A80), (0xE0, 0x6A85): return "the control parameters make no file"
    case (0xE4, 0x6982): return accessRefusal("DELETE", 5, of: current) ?? issuerOnly(what)
    case (0xE4, 0x6A82): return "no file \(Hex.text(command.data)) is in \(here)"
    case (0xE4, 0x6985): return "the master file, and a directory that is not empty, stay"
    case (0xE4, 0x6700): return "a file is named by two bytes"
    case (0xDA, 0x6982):
      return command.p2 == 0x83
        ? "the card's life is led by the issuer, and \(notDone(CardFile.issuer))"
        : accessRefusal("ADMINISTER", 6, of: command.p2 == 0x6F ? current : directory)
          ?? issuerOnly(here)
    case (0xDA, 0x6985): return "the card's life has no step to \(Hex.text(command.data)) from here"
    case (0xDA, 0x6A89): return "the object is there, and the card is in its holder's hands"
    case (0xDA, 0x6A80), (0xDA, 0x6A85): return "the data describe no such object"
    case (0xE0, 0x6A84), (0xDA, 0x6A84): return "the memory is full; nothing was changed"
    case (0x04, 0x6982): return accessRefusal("DEACTIVATE", 3, of: current) ?? issuerOnly(what)
    case (0x44, 0x6982): return accessRefusal("ACTIVATE", 4, of: current) ?? issuerOnly(what)
    case (0xE6, 0x6982), (0xE8, 0x6982):
      return accessRefusal("TERMINATE", 6, of: current) ?? issuerOnly(what)
    case (0xE6, 0x6981): return "\(what) is no directory"
    case (0xE8, 0x6981): return "\(what) is a directory"
    case (0x04, 0x6985), (0x44, 0x6985), (0xE6, 0x6985), (0xE8, 0x6985):
      return "\(what) is terminated, or is the master file"
    case (_, 0x6700): return "the command takes another number of bytes than \(command.data.count)"
    default: return nil
    }
  }

  private func issuerOnly(_ name: String) -> String {
    "\(name): this is for whom its rule names, and the trace does not tell it"
  }
}
