import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// PUT DATA `016E`: creates a base security object in the current directory, or overwrites it.
  ///
  /// `83 02 {class, id}`, `85 08 {options, most tries, algorithm, errors, use count, -, -, least
  /// length}`, `86` access, `8F` body: a PIN of up to eight digits, a transport key of 16 bytes, or
  /// for a private key the number of bits that will be generated. Options: `80` a PIN that must be
  /// changed first, `40` a key that asks for the button. Algorithm of a key: `EC` for ECDSA, else
  /// RSA. A private key that was there is gone.
  ///
  /// - Throws: `6982` where the directory's rule is not met, `6A80` for an object that cannot be,
  ///   `6A89` for one that is there once the card is operational.
  mutating func putSecurityObject(_ data: Span<UInt8>) throws(StatusWord) {
    let parent = currentDirectory
    try require(parent.access[FileOperation.administer.rawValue], in: parent.number)
    let region = 0..<data.count
    guard let name = try TLV.find(0x83, in: data, region), name.count == 2,
      let parameters = try TLV.find(0x85, in: data, region), parameters.count == 8,
      let access = try TLV.find(0x86, in: data, region), access.count <= 9,
      let body = try TLV.find(0x8F, in: data, region)
    else { throw .incorrectData }
    let kind = try objectClass(data[name.lowerBound])
    let identifier = data[name.lowerBound + 1]
    guard (1...31).contains(identifier) else { throw .incorrectData }
    let existing = directory.object(identifier, isKey: kind == .privateKey, from: parent.number)
      .map { directory.objects[$0] }
    let replaced = existing?.parent == parent.number ? existing : nil
    // In the holder's hands nobody replaces a PIN, a PUK or a key behind the holder's back.
    guard replaced == nil || lifeCycle.isAdministrative else { throw .fileAlreadyExists }
    let object = SecurityObject(
      number: try number(for: replaced?.number), parent: parent.number, kind: kind,
      identifier: identifier,
      maximumTries: kind == .privateKey ? 0 : data[parameters.lowerBound + 1] & 0x0F,
      useCount: data[parameters.lowerBound + 4],
      minimumLength: data[parameters.lowerBound + 7],
      access: AccessList(data.extracting(access)),
      algorithm: kind == .privateKey
        ? try algorithm(data[parameters.lowerBound + 2], data, body) : nil,
      options: ObjectOptions(rawValue: data[parameters.lowerBound]).intersection(
        kind == .privateKey ? .button : .transport))
    if let replaced {
      session.status.revoke(replaced)
      // Whoever sets a key's rules anew must not get the key that the old ones guarded.
      if kind == .privateKey {
        try removeMaterial(of: replaced)
        chip.unload(replaced.number)
      }
    }
    try putDescription(object.record, of: object.number)
    if object.options.contains(.transport) {
      let mark: [1 of UInt8] = [SecurityObject.isUnchanged]
      try store.put(object.changedKey, mark.span)
    } else {
      try store.remove(object.changedKey)
    }
    if kind == .privateKey {
      // The description of a key that is there must not change under it.
      try removeMaterial(of: object)
    } else {
      try putValue(data, body, of: object)
    }
    try commitAndReload()
  }

  private func number(for existing: UInt16?) throws(StatusWord) -> UInt16 {
    if let existing { return existing }
    return try directory.freeNumber()
  }

  private func objectClass(_ byte: UInt8) throws(StatusWord) -> ObjectClass {
    // The low bits of a private key's class count the parts it is given in; ours come in one.
    let kind = byte & 0xE0 == 0x20 ? ObjectClass.privateKey : ObjectClass(rawValue: byte)
    guard let kind else { throw .incorrectData }
    return kind
  }

  private func algorithm(_ byte: UInt8, _ data: Span<UInt8>, _ body: Range<Int>)
    throws(StatusWord) -> KeyAlgorithm
  {
    guard body.count == 2 else { throw .incorrectData }
    let bits = Int(data[body.lowerBound]) << 8 | Int(data[body.lowerBound + 1])
    switch (byte, bits) {
    case (0xEC, 256), (0xEC, 384): return .ecdsa(bits: bits)
    case (0x08, 2048), (0x08, 3072), (0x08, 4096), (0x0C, 2048), (0x0C, 3072), (0x0C, 4096),
      (0x88, 2048), (0x88, 3072), (0x88, 4096), (0x8C, 2048), (0x8C, 3072), (0x8C, 4096):
      return .rsa(bits: bits)
    default: throw .incorrectData
    }
  }

  /// Writes the value of a PIN or transport key and gives it all its tries, in the open transaction.
  private mutating func putValue(
    _ data: Span<UInt8>, _ body: Range<Int>, of object: SecurityObject
  ) throws(StatusWord) {
    guard object.maximumTries > 0, object.useCount > 0 else { throw .incorrectData }
    let isKey = object.kind == .authentication
    let longest = isKey ? 16 : SecurityObject.referenceLength
    let shortest = isKey ? 16 : Int(object.minimumLength)
    guard body.count <= longest, body.count >= shortest, body.count > 0 else {
      throw .incorrectData
    }
    var value: [UInt8] = []
    defer { chip.wipe(&value) }
    for index in body { value.append(data[index]) }
    while value.count < longest { value.append(0xFF) }
    try store.put(object.valueKey, value.span)
    try setTries(object.maximumTries, of: object)
  }

  /// PUT DATA `016D`: a security environment, `83 01 id` and `8F` with the key identifiers for
  /// signature, confidentiality and authentication (0 for none; more are taken and left aside).
  ///
  /// - Throws: `6982` where the master file's rule is not met, `6A80` for data of another form.
  mutating func putEnvironment(_ data: Span<UInt8>) throws(StatusWord) {
    let master = directory.files[0]
    try require(master.access[FileOperation.administer.rawValue], in: master.number)
    let region = 0..<data.count
    guard let name = try TLV.find(0x83, in: data, region), name.count == 1,
      let keys = try TLV.find(0x8F, in: data, region), keys.count >= 3
    else { throw .incorrectData }
    let identifier = data[name.lowerBound]
    let existing = directory.environment(identifier).map { directory.environments[$0].number }
    let environment = StoredEnvironment(
      number: try number(for: existing), identifier: identifier,
      keys: [data[keys.lowerBound], data[keys.lowerBound + 1], data[keys.lowerBound + 2]])
    try putDescription(environment.record, of: environment.number)
    try commitAndReload()
  }
}
