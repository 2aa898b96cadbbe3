import ISO7816

/// A command whose header is understood: what it is, and what its parameters say.
struct Operation {
  enum Verb {
    case select, readBinary, updateBinary, readRecord, updateRecord, appendRecord
    case verify, change, reset, getChallenge, externalAuthenticate, internalAuthenticate
    case restore, set, sign, decipher, generate, readPublicKey, getData
    case putObject, putEnvironment, putFileControl, putLifeCycle
    case create, delete, activate, deactivate, terminateFile, terminateDirectory, changeKey
  }

  let verb: Verb
  let p1: UInt8
  let p2: UInt8

  private static let building: Set<UInt8> = [0x24, 0x10]
  private static let writing: Set<UInt8> = [0x24, 0x20, 0x10]
  private static let holding: Set<UInt8> = [0x20, 0x10]
  private static let alive: Set<UInt8> = [0x34, 0x24, 0x20, 0x10]

  /// The states of the card's life in which it is carried out.
  var states: Set<UInt8> {
    switch verb {
    case .select, .getData: [0x34, 0x24, 0x20, 0x10, 0x0C]
    case .readBinary, .readRecord, .getChallenge, .externalAuthenticate, .putLifeCycle,
      .readPublicKey:
      Self.alive
    case .create, .delete, .putObject, .putEnvironment, .putFileControl: Self.building
    case .updateBinary, .updateRecord, .appendRecord, .generate, .activate, .deactivate,
      .terminateFile, .terminateDirectory, .changeKey:
      Self.writing
    case .verify, .change, .reset, .restore, .set, .sign, .decipher, .internalAuthenticate:
      Self.holding
    }
  }

  var comesInChains: Bool {
    switch verb {
    case .updateBinary, .sign, .decipher, .internalAuthenticate, .create, .putObject,
      .putEnvironment, .putFileControl, .putLifeCycle:
      true
    default: false
    }
  }

  init(_ command: CommandAPDU) throws(StatusWord) {
    (p1, p2) = (command.p1, command.p2)
    guard command.cla & 0x80 == 0 else {
      verb = .changeKey
      return
    }
    switch command.ins {
    case 0xA4:
      guard [0, 1, 2, 3, 4, 8, 9].contains(p1), [0x00, 0x04, 0x0C].contains(p2) else {
        throw .incorrectP1P2
      }
      verb = .select
    case 0xB0, 0xD6:
      guard p1 < 0x80 else { throw .fileNotFound }
      verb = command.ins == 0xB0 ? .readBinary : .updateBinary
    case 0xB2, 0xDC:
      guard p1 != 0, p2 == 0x04 else { throw .incorrectP1P2 }
      verb = command.ins == 0xB2 ? .readRecord : .updateRecord
    case 0x20: verb = try Self.coded(.verify, p1 == 0, p2)
    case 0x24: verb = try Self.coded(.change, p1 < 2, p2)
    case 0x2C: verb = try Self.coded(.reset, p1 < 4, p2)
    case 0x82: verb = try Self.coded(.externalAuthenticate, p1 == 0, p2)
    case 0x46:
      guard p2 & 0x60 == 0 else { throw .incorrectP1P2 }
      verb = try Self.coded(p1 == 0 ? .generate : .readPublicKey, p1 == 0 || p1 == 0x81, p2)
    case 0x22:
      if p1 == 0xF3 {
        verb = .restore
      } else {
        guard p1 % 16 == 1, [0xB6, 0xB8, 0xA4].contains(p2) else { throw .incorrectP1P2 }
        verb = .set
      }
    case 0x2A:
      switch (p1, p2) {
      case (0x9E, 0x9A): verb = .sign
      case (0x80, 0x86): verb = .decipher
      default: throw .incorrectP1P2
      }
    case 0xCA: verb = .getData
    case 0xDA:
      switch (p1, p2) {
      case (0x01, 0x6E): verb = .putObject
      case (0x01, 0x6D): verb = .putEnvironment
      case (0x01, 0x6F): verb = .putFileControl
      case (0x01, 0x83): verb = .putLifeCycle
      default: throw .incorrectP1P2
      }
    default:
      let verbs: [UInt8: Verb] = [
        0x84: .getChallenge, 0x88: .internalAuthenticate, 0xE2: .appendRecord, 0xE0: .create,
        0xE4: .delete, 0x04: .deactivate, 0x44: .activate, 0xE6: .terminateDirectory,
        0xE8: .terminateFile,
      ]
      guard let verb = verbs[command.ins] else { throw .instructionNotSupported }
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      self.verb = verb
    }
  }

  private static func coded(_ verb: Verb, _ isRight: Bool, _ p2: UInt8) throws(StatusWord) -> Verb {
    guard isRight, p2 & 0x60 == 0 else { throw .incorrectP1P2 }
    return verb
  }

  /// The identifier in P2.
  var reference: UInt8 { p2 & 0x1F }
}
