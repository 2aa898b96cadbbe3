import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8, 11.8).
  ///
  /// Data as long as the modulus are taken as they are; shorter data are a DigestInfo, to which the
  /// card adds the padding of block type 1 (RFC 8017, 9.2).
  ///
  /// - Throws: `6985` without a current key, `6982` where its rule is not met, `6A80` for data that
  ///   are too long or not smaller than the modulus.
  mutating func computeDigitalSignature(_ data: Span<UInt8>, into reply: inout [UInt8])
    throws(StatusWord)
  {
    let (key, authority) = try usableKey(session.signatureKey)
    let length = chip.modulusLength(key.number)
    if data.count == length {
      try chip.applyPrivateKey(key.number, to: data, into: &reply)
    } else {
      guard data.count > 0, data.count <= length - 11 else { throw .incorrectData }
      var block: [UInt8] = []
      swap(&block, &work)
      defer { swap(&block, &work) }
      block.removeAll(keepingCapacity: true)
      block.append(0x00)
      block.append(0x01)
      for _ in 0..<length - data.count - 3 { block.append(0xFF) }
      block.append(0x00)
      for index in 0..<data.count { block.append(data[index]) }
      try chip.applyPrivateKey(key.number, to: block.span, into: &reply)
    }
    spendUse(of: authority, in: key.parent)
  }

  /// PERFORM SECURITY OPERATION: DECIPHER (ISO/IEC 7816-8, 11.9): the padding indicator `00` and
  /// a block as long as the modulus. The padding inside is the host's business.
  ///
  /// - Throws: as COMPUTE DIGITAL SIGNATURE.
  mutating func decipher(_ data: Span<UInt8>, into reply: inout [UInt8]) throws(StatusWord) {
    let (key, authority) = try usableKey(session.confidentialityKey)
    guard data.count == chip.modulusLength(key.number) + 1, data[0] == 0x00 else {
      throw .incorrectData
    }
    try chip.applyPrivateKey(
      key.number, to: data.extracting(1..<data.count), into: &reply)
    spendUse(of: authority, in: key.parent)
  }

  /// GENERATE ASYMMETRIC KEY PAIR, in the form CNS operating systems give it: `20`, the key's
  /// identifier, the file for the public key, rounds, distance of the primes, bits of the exponent.
  ///
  /// The private part never leaves the token; the public one is written into the file as an
  /// RSAPublicKey (RFC 8017, A.1.1) and, where Ne is given, answered as the template `7F49`.
  /// Private part, public part and file change together or not at all.
  ///
  /// - Throws: `6A88` for a key object the card does not have, `6982` where its rule is not met,
  ///   `6A80` for data of another form, `6A82` where the file is missing, `6A84` where it is too
  ///   small.
  mutating func generateKeyPair(
    _ identifier: UInt8, _ data: Span<UInt8>, _ ne: Int?, into reply: inout [UInt8]
  ) throws(StatusWord) {
    let key = try keyObject(identifier)
    try require(key.access[ObjectOperation.generateKey.rawValue], in: key.parent)
    guard data.count == 8, data[0] & 0xE0 == 0x20, data[1] == identifier else {
      throw .incorrectData
    }
    let fileIdentifier = UInt16(data[2]) << 8 | UInt16(data[3])
    guard let index = directory.child(fileIdentifier, of: currentDirectory.number),
      directory.files[index].structure == .transparent
    else { throw .fileNotFound }
    let file = directory.files[index]

    var material: [UInt8] = []
    defer { chip.wipe(&material) }
    try chip.generateKeyPair(.rsa(bits: key.keyBits), material: &material)
    chip.unload(key.number)
    try putMaterial(material, of: key)
    try chip.load(key.number, material: material.span)
    do throws(StatusWord) {
      let publicKey = encodePublicKey(of: key)
      guard publicKey.count <= file.size else { throw .notEnoughMemory }
      try store.writeBody(of: file, at: 0, publicKey.span)
      if ne != nil { appendPublicKeyTemplate(of: key, to: &reply) }
      try store.commit()
    } catch {
      // The slot holds a key that the store does not.
      chip.unload(key.number)
      throw error
    }
  }

  // MARK: Keys in the engine

  /// The private key with this identifier, seen from the current directory.
  private func keyObject(_ identifier: UInt8) throws(StatusWord) -> SecurityObject {
    guard let index = directory.object(identifier, isKey: true, from: currentDirectory.number)
    else { throw .referencedDataNotFound }
    return directory.objects[index]
  }

  /// The current key, loaded, after its rule was checked; and the object that rule names.
  private mutating func usableKey(_ identifier: UInt8) throws(StatusWord)
    -> (key: SecurityObject, authority: UInt8)
  {
    guard identifier != 0 else { throw .conditionsOfUseNotSatisfied }
    let key = try keyObject(identifier)
    let rule = key.access[ObjectOperation.use.rawValue]
    try requireHolder(rule, in: key.parent)
    if !chip.isLoaded(key.number) { try loadMaterial(of: key) }
    return (key, rule.rawValue)
  }

  private mutating func spendUse(of authority: UInt8, in place: UInt16) {
    guard let index = directory.object(authority, isKey: false, from: place) else { return }
    session.status.spendUse(of: directory.objects[index])
  }

  private static var partSize: Int { 256 }

  /// Writes a private key in parts, and removes what a longer one left, in the open transaction.
  private mutating func putMaterial(_ material: [UInt8], of key: SecurityObject)
    throws(StatusWord)
  {
    var part: UInt8 = 0
    var position = 0
    while position < material.count {
      let next = min(position + Self.partSize, material.count)
      try store.put(
        RecordKey(key.number, part: part), material.span.extracting(position..<next))
      position = next
      part += 1
    }
    try removeMaterial(of: key, from: part)
  }

  /// Removes a private key, or what is left of a longer one, in the open transaction.
  mutating func removeMaterial(of key: SecurityObject, from first: UInt8 = 0) throws(StatusWord) {
    for part in first..<SecurityObject.counterPart {
      let surplus = RecordKey(key.number, part: part)
      guard store.length(of: surplus) != nil else { return }
      try store.remove(surplus)
    }
  }

  /// Loads a private key from the store into the engine.
  ///
  /// - Throws: `6A88` where no key was generated yet.
  private mutating func loadMaterial(of key: SecurityObject) throws(StatusWord) {
    var material: [UInt8] = []
    swap(&material, &work)
    material.removeAll(keepingCapacity: true)
    defer {
      chip.wipe(&material)
      swap(&material, &work)
    }
    var part: UInt8 = 0
    while store.read(RecordKey(key.number, part: part), into: &material) { part += 1 }
    guard part > 0 else { throw .referencedDataNotFound }
    try chip.load(key.number, material: material.span)
  }

  // MARK: Public keys

  /// RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER } in DER.
  private func encodePublicKey(of key: SecurityObject) -> [UInt8] {
    var modulus: [UInt8] = []
    var exponent: [UInt8] = []
    chip.modulus(key.number, into: &modulus)
    chip.publicExponent(key.number, into: &exponent)
    return TLV.bytes(0x30, positiveInteger(modulus) + positiveInteger(exponent))
  }

  private func positiveInteger(_ bytes: [UInt8]) -> [UInt8] {
    let needsSign = bytes.first.map { $0 & 0x80 != 0 } ?? true
    return TLV.bytes(0x02, needsSign ? [0x00] + bytes : bytes)
  }

  /// `7F49 { 81 modulus, 82 exponent }` (ISO/IEC 7816-8, table 4).
  private func appendPublicKeyTemplate(of key: SecurityObject, to reply: inout [UInt8]) {
    var modulus: [UInt8] = []
    var exponent: [UInt8] = []
    chip.modulus(key.number, into: &modulus)
    chip.publicExponent(key.number, into: &exponent)
    reply.append(
      contentsOf: TLV.bytes(0x7F49, TLV.bytes(0x81, modulus) + TLV.bytes(0x82, exponent)))
  }
}
