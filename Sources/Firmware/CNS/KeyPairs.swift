import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// GENERATE ASYMMETRIC KEY PAIR, in the form CNS operating systems give it: `20`, the key's
  /// identifier, the file for the public key, rounds, distance of the primes, bits of the exponent.
  ///
  /// The private part never leaves the token; the public one is written into the file (RSA: an
  /// RSAPublicKey, RFC 8017, A.1.1; ECDSA: the uncompressed point) and, where Ne is given, answered
  /// as the template `7F49`.
  /// Private part, public part and file change together or not at all.
  ///
  /// - Throws: `6A88` for a key object the card does not have, `6982` where its rule is not met,
  ///   `6A80` for data of another form, `6A82` where the file is missing, `6985` where it is
  ///   switched off, `6A84` where it is too small.
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
    try requireOperational(index)
    let file = directory.files[index]

    var material: [UInt8] = []
    defer { chip.wipe(&material) }
    guard let algorithm = key.algorithm else { throw .functionNotSupported }
    try chip.generateKeyPair(algorithm, material: &material)
    chip.unload(key.number)
    try putMaterial(material, of: key)
    try chip.load(key.number, algorithm, material: material.span)
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

  /// Reads a public key: the template `7F49` (ISO/IEC 7816-8). Nothing guards it.
  ///
  /// - Throws: `6A88` for a key the card does not have, or was not generated yet.
  mutating func readPublicKey(_ identifier: UInt8, into reply: inout [UInt8]) throws(StatusWord) {
    let key = try keyObject(identifier)
    if !chip.isLoaded(key.number) { try loadMaterial(of: key) }
    appendPublicKeyTemplate(of: key, to: &reply)
  }

  // MARK: Keys in the coprocessor

  /// The private key with this identifier, seen from the current directory.
  func keyObject(_ identifier: UInt8) throws(StatusWord) -> SecurityObject {
    guard let index = directory.object(identifier, isKey: true, from: currentDirectory.number)
    else { throw .referencedDataNotFound }
    return directory.objects[index]
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
  mutating func loadMaterial(of key: SecurityObject) throws(StatusWord) {
    var material: [UInt8] = []
    swap(&material, &work)
    material.removeAll(keepingCapacity: true)
    defer {
      chip.wipe(&material)
      swap(&material, &work)
    }
    var part: UInt8 = 0
    while store.read(RecordKey(key.number, part: part), into: &material) { part += 1 }
    guard part > 0, let algorithm = key.algorithm else { throw .referencedDataNotFound }
    try chip.load(key.number, algorithm, material: material.span)
  }

  // MARK: Public keys

  /// What the public key's file holds. RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent
  /// INTEGER } in DER; of an elliptic curve the point.
  private func encodePublicKey(of key: SecurityObject) -> [UInt8] {
    if case .ecdsa = key.algorithm {
      var point: [UInt8] = []
      chip.publicPoint(key.number, into: &point)
      return point
    }
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

  /// `7F49 { 81 modulus, 82 exponent }` or `7F49 { 86 point }` (ISO/IEC 7816-8).
  private func appendPublicKeyTemplate(of key: SecurityObject, to reply: inout [UInt8]) {
    if case .ecdsa = key.algorithm {
      var point: [UInt8] = []
      chip.publicPoint(key.number, into: &point)
      reply.append(contentsOf: TLV.bytes(0x7F49, TLV.bytes(0x86, point)))
      return
    }
    var modulus: [UInt8] = []
    var exponent: [UInt8] = []
    chip.modulus(key.number, into: &modulus)
    chip.publicExponent(key.number, into: &exponent)
    reply.append(
      contentsOf: TLV.bytes(0x7F49, TLV.bytes(0x81, modulus) + TLV.bytes(0x82, exponent)))
  }
}
