import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// MANAGE SECURITY ENVIRONMENT: RESTORE (ISO/IEC 7816-4).
  ///
  /// - Throws: `6A88` for an environment the card does not have.
  mutating func restoreEnvironment(_ identifier: UInt8) throws(StatusWord) {
    guard let index = directory.environment(identifier) else { throw .referencedDataNotFound }
    let keys = directory.environments[index].keys
    session.signatureKey = keys[0]
    session.confidentialityKey = keys[1]
    session.authenticationKey = keys[2]
  }

  /// MANAGE SECURITY ENVIRONMENT: SET. `83 01 id` names the key, also by the tag of the other key
  /// references (ISO/IEC 7816-4, control reference templates: `84`).
  ///
  /// - Throws: `6A80` without a key reference, `6A88` for a key the card does not have.
  mutating func setEnvironment(_ component: EnvironmentComponent, _ data: Span<UInt8>)
    throws(StatusWord)
  {
    var reference: Range<Int>?
    var rest = 0..<data.count
    while let object = try TLV.next(in: data, from: &rest) {
      if object.tag == 0x83 || object.tag == 0x84 { reference = object.value }
    }
    guard let reference, reference.count == 1 else { throw .incorrectData }
    let identifier = data[reference.lowerBound] & 0x1F
    guard directory.object(identifier, isKey: true, from: currentDirectory.number) != nil else {
      throw .referencedDataNotFound
    }
    switch component {
    case .signature: session.signatureKey = identifier
    case .confidentiality: session.confidentialityKey = identifier
    case .authentication: session.authenticationKey = identifier
    }
  }
}
