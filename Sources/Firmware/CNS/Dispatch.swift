import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// Hands an instruction to what carries it out.
  mutating func perform(
    _ instruction: Instruction, _ data: Span<UInt8>, _ ne: Int?, into reply: inout [UInt8]
  ) throws(StatusWord) -> StatusWord {
    switch instruction {
    case .select(let selection, let answer):
      return try select(selection, answer, data, into: &reply)
    case .readBinary(let offset): return try readBinary(offset, ne, into: &reply)
    case .updateBinary(let offset): try updateBinary(offset, data)
    case .verify(let reference): try verify(reference, data)
    case .changeReferenceData(let reference, let carriesOld):
      try changeReferenceData(reference, data, carriesOld: carriesOld)
    case .resetRetryCounter(let reference, let form):
      try resetRetryCounter(reference, form, data)
    case .getChallenge: try getChallenge(ne, into: &reply)
    case .externalAuthenticate(let reference): try externalAuthenticate(reference, data)
    case .restoreEnvironment(let identifier): try restoreEnvironment(identifier)
    case .setEnvironment(let component): try setEnvironment(component, data)
    case .computeDigitalSignature: try computeDigitalSignature(data, into: &reply)
    case .decipher: try decipher(data, into: &reply)
    case .generateKeyPair(let key): try generateKeyPair(key, data, ne, into: &reply)
    case .getData(let tag): try getData(tag, into: &reply)
    case .putData(.securityObject): try putSecurityObject(data)
    case .putData(.environment): try putEnvironment(data)
    case .putData(.lifeCycle): try putLifeCycle(data)
    case .putData(.fileControl): try putFileControl(data)
    case .createFile: try createFile(data)
    case .deleteFile: try deleteFile(data)
    case .changeFileState(let change):
      guard data.count == 0 else { throw .wrongLength }
      try changeFileState(change)
    case .readRecord(let number): try readRecord(number, ne, into: &reply)
    case .updateRecord(let number): try updateRecord(number, data)
    case .appendRecord: try appendRecord(data)
    case .internalAuthenticate: try internalAuthenticate(data, into: &reply)
    case .readPublicKey(let key): try readPublicKey(key, into: &reply)
    case .changeKeyData(let kind, let identifier):
      try changeKeyData(class: kind, identifier, data)
    }
    return .success
  }

  /// The directory that is selected.
  var currentDirectory: FileNode { directory.files[session.directory] }

  /// Checks a rule of a file or object that is in, or is, the directory with this number.
  ///
  /// While the card is being built the issuer's authentication takes the place of every rule.
  ///
  /// - Throws: `6982` where the rule is not met.
  func require(_ rule: AccessRule, in place: UInt16) throws(StatusWord) {
    if lifeCycle.isAdministrative { return try requireIssuer() }
    try requireHolder(rule, in: place)
  }

  /// Checks a rule as it stands, also while the card is being built.
  ///
  /// - Throws: `6982` where the rule is not met.
  func requireHolder(_ rule: AccessRule, in place: UInt16) throws(StatusWord) {
    guard rule != .always else { return }
    guard rule != .never, let index = directory.object(rule.rawValue, isKey: false, from: place),
      session.status.holds(directory.objects[index])
    else { throw .securityStatusNotSatisfied }
  }

  /// Checks that the issuer's transport key was used.
  ///
  /// - Throws: `6982` where it was not.
  func requireIssuer() throws(StatusWord) {
    try requireHolder(.verified(ChipIdentity.issuerReference), in: Directory.masterNumber)
  }
}
