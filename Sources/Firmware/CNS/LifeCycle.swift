import ISO7816

extension LifeCycle {
  /// The issuer may build the card: instead of each file's own rules, the issuer's authentication
  /// is asked for.
  var isAdministrative: Bool { self == .initialised || self == .personalised }

  /// Life cycle status byte of the card's files, where none of its own stands before it
  /// (ISO/IEC 7816-4, 7.4.10): creation, initialisation, operational activated, termination.
  var fileState: UInt8 {
    switch self {
    case .manufactured, .initialised: 0x01
    case .personalised: 0x03
    case .operational: 0x05
    case .terminated: 0x0C
    }
  }

  /// The states the issuer may lead the card to from this one.
  var successors: [LifeCycle] {
    switch self {
    case .manufactured: [.initialised, .terminated]
    case .initialised: [.personalised, .terminated]
    case .personalised: [.operational, .terminated]
    case .operational: [.terminated]
    case .terminated: []
    }
  }
}

/// A set of states of the card's life.
struct LifeCycleSet: OptionSet {
  let rawValue: UInt8
  static let manufactured = LifeCycleSet(rawValue: 1)
  static let initialised = LifeCycleSet(rawValue: 2)
  static let personalised = LifeCycleSet(rawValue: 4)
  static let operational = LifeCycleSet(rawValue: 8)
  static let terminated = LifeCycleSet(rawValue: 16)
  static let alive: LifeCycleSet = [.manufactured, .initialised, .personalised, .operational]

  /// The state is one of these.
  func contains(_ state: LifeCycle) -> Bool {
    switch state {
    case .manufactured: contains(.manufactured as LifeCycleSet)
    case .initialised: contains(.initialised as LifeCycleSet)
    case .personalised: contains(.personalised as LifeCycleSet)
    case .operational: contains(.operational as LifeCycleSet)
    case .terminated: contains(.terminated as LifeCycleSet)
    }
  }
}

extension Instruction {
  /// The states of the card in which the command is carried out; in any other it answers `6985`.
  var permittedStates: LifeCycleSet {
    switch self {
    case .select, .getData: [.alive, .terminated]
    case .readBinary, .getChallenge, .externalAuthenticate, .putData(.lifeCycle): .alive
    case .createFile, .deleteFile, .putData: [.initialised, .operational]
    case .updateBinary, .generateKeyPair, .appendRecord, .updateRecord, .changeFileState,
      .changeKeyData:
      [.initialised, .personalised, .operational]
    case .readPublicKey: .alive
    case .readRecord: .alive
    case .verify, .changeReferenceData, .resetRetryCounter, .restoreEnvironment, .setEnvironment,
      .computeDigitalSignature, .decipher, .internalAuthenticate:
      [.personalised, .operational]
    }
  }
}
