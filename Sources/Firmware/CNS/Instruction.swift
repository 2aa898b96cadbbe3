import ISO7816

/// How SELECT names what it wants (ISO/IEC 7816-4, 11.2.2: P1).
enum Selection: UInt8 {
  case fileIdentifier = 0x00
  case childDirectory = 0x01
  case elementaryFile = 0x02
  case parentDirectory = 0x03
  case applicationIdentifier = 0x04
  case pathFromMaster = 0x08
  case pathFromCurrent = 0x09
}

/// What SELECT answers (ISO/IEC 7816-4, 11.2.2: P2 bits 4 and 3).
enum SelectionAnswer: UInt8 {
  case controlInformation = 0x00
  case controlParameters = 0x04
  case nothing = 0x0C
}

/// Which parts RESET RETRY COUNTER carries (ISO/IEC 7816-4, 11.6.10: P1).
enum ResetForm: UInt8 {
  case codeAndNewData = 0x00
  case code = 0x01
  case newData = 0x02
  case nothing = 0x03
}

/// What PUT DATA writes.
enum DataObject {
  /// `016E`: a base security object.
  case securityObject
  /// `016D`: a security environment.
  case environment
  /// `016F`: the access rules of the current file.
  case fileControl
  /// `0183`: the next state of the card's life.
  case lifeCycle
}

/// Which part of the security environment is set (ISO/IEC 7816-4, control reference
/// templates).
enum EnvironmentComponent: UInt8 {
  case signature = 0xB6
  case confidentiality = 0xB8
  case authentication = 0xA4
}

/// A command whose header was understood. Everything a header can say is looked at here and nowhere
/// else; data field and Ne come on the side.
enum Instruction {
  case select(Selection, SelectionAnswer)
  case readBinary(offset: Int)
  case updateBinary(offset: Int)
  case verify(reference: UInt8)
  case changeReferenceData(reference: UInt8, carriesOld: Bool)
  case resetRetryCounter(reference: UInt8, ResetForm)
  case getChallenge
  case externalAuthenticate(reference: UInt8)
  case restoreEnvironment(UInt8)
  case setEnvironment(EnvironmentComponent)
  case computeDigitalSignature
  case decipher
  case generateKeyPair(key: UInt8)
  case getData(tag: UInt16)
  case putData(DataObject)
  case createFile
  case deleteFile
  case changeFileState(FileStateChange)
  case readRecord(UInt8)
  case updateRecord(UInt8)
  case appendRecord
  case internalAuthenticate
  case readPublicKey(key: UInt8)
  case changeKeyData(class: UInt8, UInt8)

  /// Decodes INS, P1 and P2.
  ///
  /// - Throws: `6D00` for an unknown instruction, `6A86` for parameters it does not have, `6A81`
  ///   for a form of the instruction the card does not offer.
  init(_ command: CommandAPDU) throws(StatusWord) {
    let (p1, p2) = (command.p1, command.p2)
    // The one command of the proprietary class (see Token.parse).
    guard command.cla & 0x80 == 0 else {
      self = .changeKeyData(class: p1, p2)
      return
    }
    switch command.ins {
    case 0xA4:
      // Bits 2 and 1 of P2 ask for an occurrence; only the first or only one exists.
      guard p2 & 0xF3 == 0, let selection = Selection(rawValue: p1),
        let answer = SelectionAnswer(rawValue: p2)
      else { throw .incorrectP1P2 }
      self = .select(selection, answer)
    case 0xB0, 0xD6:
      // Bit 8 of P1 would name a short EF identifier; CNS files have none.
      guard p1 & 0x80 == 0 else { throw .fileNotFound }
      let offset = Int(p1) << 8 | Int(p2)
      self = command.ins == 0xB0 ? .readBinary(offset: offset) : .updateBinary(offset: offset)
    case 0x20:
      guard p1 == 0 else { throw .incorrectP1P2 }
      self = .verify(reference: try Self.reference(p2))
    case 0x24:
      guard p1 <= 1 else { throw .incorrectP1P2 }
      self = .changeReferenceData(reference: try Self.reference(p2), carriesOld: p1 == 0)
    case 0x2C:
      guard let form = ResetForm(rawValue: p1) else { throw .incorrectP1P2 }
      self = .resetRetryCounter(reference: try Self.reference(p2), form)
    case 0x84:
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      self = .getChallenge
    case 0x82:
      guard p1 == 0 else { throw .incorrectP1P2 }
      self = .externalAuthenticate(reference: try Self.reference(p2))
    case 0x22:
      if p1 == 0xF3 {
        self = .restoreEnvironment(p2)
      } else {
        // F1 is the CNS's own SET; the low nibble 1 is ISO's, for any use.
        guard p1 & 0x0F == 0x01 else { throw .incorrectP1P2 }
        guard let component = EnvironmentComponent(rawValue: p2) else { throw .incorrectP1P2 }
        self = .setEnvironment(component)
      }
    case 0x2A:
      switch (p1, p2) {
      case (0x9E, 0x9A): self = .computeDigitalSignature
      case (0x80, 0x86): self = .decipher
      default: throw .incorrectP1P2
      }
    case 0x46:
      // P1 00 makes a key pair, 81 reads a public key (ISO/IEC 7816-8: bits 8 and 1).
      let key = try Self.reference(p2)
      switch p1 {
      case 0x00: self = .generateKeyPair(key: key)
      case 0x81: self = .readPublicKey(key: key)
      default: throw .incorrectP1P2
      }
    case 0x88:
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      self = .internalAuthenticate
    case 0xB2, 0xDC:
      // Records are named by their number: mode 4, no short EF identifier.
      guard p1 > 0, p2 == 0x04 else { throw .incorrectP1P2 }
      self = command.ins == 0xB2 ? .readRecord(p1) : .updateRecord(p1)
    case 0xE2:
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      self = .appendRecord
    case 0xCA: self = .getData(tag: UInt16(p1) << 8 | UInt16(p2))
    case 0xDA:
      switch (p1, p2) {
      case (0x01, 0x6E): self = .putData(.securityObject)
      case (0x01, 0x6D): self = .putData(.environment)
      case (0x01, 0x6F): self = .putData(.fileControl)
      case (0x01, 0x83): self = .putData(.lifeCycle)
      default: throw .incorrectP1P2
      }
    case 0xE0:
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      self = .createFile
    case 0xE4, 0x04, 0x44, 0xE6, 0xE8:
      guard p1 == 0, p2 == 0 else { throw .incorrectP1P2 }
      switch command.ins {
      case 0xE4: self = .deleteFile
      case 0x04: self = .changeFileState(.deactivate)
      case 0x44: self = .changeFileState(.activate)
      case 0xE6: self = .changeFileState(.terminateDirectory)
      default: self = .changeFileState(.terminateFile)
      }
    default: throw .instructionNotSupported
    }
  }

  /// The identifier in P2. Bit 8 asks for a search from the current directory upwards, which this
  /// card always does: hosts leave the bit out where they mean it (ISO/IEC 7816-4, basic security
  /// handling: P2).
  private static func reference(_ p2: UInt8) throws(StatusWord) -> UInt8 {
    guard p2 & 0x60 == 0 else { throw .incorrectP1P2 }
    return p2 & 0x1F
  }

  /// The data field may come in a chain of commands (ISO/IEC 7816-4, 5.3.3).
  var allowsChaining: Bool {
    switch self {
    case .updateBinary, .computeDigitalSignature, .decipher, .internalAuthenticate, .putData,
      .createFile:
      true
    default: false
    }
  }
}
