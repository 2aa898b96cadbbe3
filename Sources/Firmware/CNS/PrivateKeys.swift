import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// PERFORM SECURITY OPERATION: COMPUTE DIGITAL SIGNATURE (ISO/IEC 7816-8).
  ///
  /// RSA: data as long as the modulus are taken as they are; shorter data are a DigestInfo, to which
  /// the card adds the padding of block type 1 (RFC 8017, 9.2). ECDSA: data are a digest, the answer
  /// is r and s.
  ///
  /// - Throws: `6985` without a current key, `6982` where its rule is not met, `6A80` for data that
  ///   are too long or not smaller than the modulus.
  mutating func computeDigitalSignature(_ data: Span<UInt8>, into reply: inout [UInt8])
    throws(StatusWord)
  {
    let (key, authority) = try usableKey(session.signatureKey)
    try sign(data, with: key, acceptsBlock: true, into: &reply)
    spendUse(of: authority, in: key.parent)
  }

  /// INTERNAL AUTHENTICATE (ISO/IEC 7816-4, 11.6.2): a signature over a challenge from outside, with
  /// the key for authentication. The challenge is padded as COMPUTE DIGITAL SIGNATURE pads short
  /// data, never taken as a whole block.
  ///
  /// - Throws: as COMPUTE DIGITAL SIGNATURE.
  mutating func internalAuthenticate(_ data: Span<UInt8>, into reply: inout [UInt8])
    throws(StatusWord)
  {
    let (key, authority) = try usableKey(session.authenticationKey)
    try sign(data, with: key, acceptsBlock: false, into: &reply)
    spendUse(of: authority, in: key.parent)
  }

  private mutating func sign(
    _ data: Span<UInt8>, with key: SecurityObject, acceptsBlock: Bool, into reply: inout [UInt8]
  ) throws(StatusWord) {
    if case .ecdsa(let bits) = key.algorithm {
      // A digest longer than the group is cut by ECDSA itself; nothing longer than SHA-512's is one.
      guard (20...64).contains(data.count) else { throw .incorrectData }
      let length = reply.count
      try chip.signDigest(key.number, data, into: &reply)
      guard reply.count == length + 2 * (bits / 8) else { throw .noPreciseDiagnosis }
      return
    }
    let length = chip.modulusLength(key.number)
    if acceptsBlock, data.count == length {
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
  }

  /// PERFORM SECURITY OPERATION: DECIPHER (ISO/IEC 7816-8): the padding indicator `00` and
  /// a block as long as the modulus. The padding inside is the host's business.
  ///
  /// - Throws: as COMPUTE DIGITAL SIGNATURE.
  mutating func decipher(_ data: Span<UInt8>, into reply: inout [UInt8]) throws(StatusWord) {
    let (key, authority) = try usableKey(session.confidentialityKey)
    guard case .rsa = key.algorithm else { throw .functionNotSupported }
    guard data.count == chip.modulusLength(key.number) + 1, data[0] == 0x00 else {
      throw .incorrectData
    }
    try chip.applyPrivateKey(
      key.number, to: data.extracting(1..<data.count), into: &reply)
    spendUse(of: authority, in: key.parent)
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
    // Nobody but the issuer is there to press it while the card is being built.
    if key.options.contains(.button), !lifeCycle.isAdministrative {
      guard chip.waitForButton() else { throw .conditionsOfUseNotSatisfied }
    }
    return (key, rule.rawValue)
  }

  private mutating func spendUse(of authority: UInt8, in place: UInt16) {
    guard let index = directory.object(authority, isKey: false, from: place) else { return }
    session.status.spendUse(of: directory.objects[index])
  }
}
