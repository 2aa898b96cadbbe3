import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// GET CHALLENGE (ISO/IEC 7816-4, 11.6.3): as many random bytes as are asked for. The first eight
  /// are the challenge that EXTERNAL AUTHENTICATE answers.
  ///
  /// - Throws: `6700` without Ne.
  mutating func getChallenge(_ ne: Int?, into reply: inout [UInt8]) throws(StatusWord) {
    guard let ne else { throw .wrongLength }
    chip.appendRandom(ne, to: &reply)
    session.challenge.removeAll(keepingCapacity: true)
    guard ne >= Session.challengeLength else { return }
    for index in 0..<Session.challengeLength { session.challenge.append(reply[index]) }
  }

  /// EXTERNAL AUTHENTICATE (ISO/IEC 7816-4, 11.6.4): the AES-CMAC of the last challenge under the
  /// key that proves the role. A challenge is good for one attempt.
  ///
  /// - Throws: `6985` without a challenge, `6A88` for a key the card does not have, `6700` for a
  ///   cryptogram that is not 16 bytes, `63Cx` for a wrong one, `6983` where no tries are left.
  mutating func externalAuthenticate(_ reference: UInt8, _ cryptogram: Span<UInt8>)
    throws(StatusWord)
  {
    guard
      let index = directory.object(reference, isKey: false, from: currentDirectory.number),
      directory.objects[index].kind == .authentication
    else { throw .referencedDataNotFound }
    let object = directory.objects[index]
    guard cryptogram.count == 16 else { throw .wrongLength }
    guard session.challenge.count == Session.challengeLength else {
      throw .conditionsOfUseNotSatisfied
    }
    let challenge = session.challenge
    session.challenge.removeAll(keepingCapacity: true)
    let left = try spendTry(of: object)
    var key: [UInt8] = []
    var expected: [UInt8] = []
    defer {
      chip.wipe(&key)
      chip.wipe(&expected)
    }
    guard store.read(object.valueKey, into: &key), key.count == 16 else {
      throw .referenceDataNotUsable
    }
    chip.authenticationCode(of: challenge.span, key: key.span, into: &expected)
    var comparison = Comparison()
    for index in 0..<16 { comparison.take(cryptogram[index], expected[index]) }
    guard comparison.isEqual else { throw .verificationFailed(triesLeft: left) }
    try setTries(object.maximumTries, of: object)
    session.status.grant(object)
  }

  /// GET DATA (ISO/IEC 7816-4, 11.5.3): `0183` the state of the card's life.
  ///
  /// - Throws: `6A88` for any other tag.
  func getData(_ tag: UInt16, into reply: inout [UInt8]) throws(StatusWord) {
    guard tag == 0x0183 else { throw .referencedDataNotFound }
    reply.append(lifeCycle.rawValue)
  }

  /// PUT DATA `0183`: the issuer leads the card to the next state of its life.
  ///
  /// - Throws: `6982` for anybody else, `6A80` for a state that does not exist, `6985` for one that
  ///   does not follow.
  mutating func putLifeCycle(_ data: Span<UInt8>) throws(StatusWord) {
    try requireIssuer()
    guard data.count == 1, let state = LifeCycle(rawValue: data[0]) else { throw .incorrectData }
    guard lifeCycle.successors.contains(state) else { throw .conditionsOfUseNotSatisfied }
    try writeLifeCycle(state)
    try store.commit()
    lifeCycle = state
    // What the issuer verified while building the card opens nothing in the holder's hands.
    if !state.isAdministrative { session.status = SecurityStatus() }
  }

  /// CREATE FILE (ISO/IEC 7816-9) in the current directory; the new file is selected.
  ///
  /// - Throws: `6982` where the directory's rule is not met, `6985` where it is switched off, `6A80`
  ///   for control parameters that make no file, `6A89` where the identifier is taken, `6A84` where
  ///   there is no room.
  mutating func createFile(_ data: Span<UInt8>) throws(StatusWord) {
    let parent = currentDirectory
    try require(parent.access[createPosition], in: parent.number)
    try requireOperational(session.directory)
    var outer = 0..<data.count
    guard let template = try TLV.next(in: data, from: &outer),
      template.tag == 0x62 || template.tag == 0x6F
    else { throw .incorrectData }
    let file = try newFile(data, template.value, in: parent)
    guard directory.child(file.identifier, of: parent.number) == nil else {
      throw .fileAlreadyExists
    }
    try putDescription(file.record, of: file.number)
    try commitAndReload()
    guard let index = directory.index(of: file.number) else { throw .memoryFailure }
    if file.structure == .dedicated {
      session.directory = index
      session.elementaryFile = nil
    } else {
      session.elementaryFile = index
    }
  }

  private func newFile(_ data: Span<UInt8>, _ template: Range<Int>, in parent: FileNode)
    throws(StatusWord) -> FileNode
  {
    guard let descriptor = try TLV.find(0x82, in: data, template), descriptor.count >= 1,
      let structure = FileStructure(rawValue: data[descriptor.lowerBound]),
      let identifier = try TLV.find(0x83, in: data, template), identifier.count == 2,
      let access = try TLV.find(0x86, in: data, template), access.count <= 9
    else { throw .incorrectData }
    var size = 0
    var recordLength = 0
    if structure != .dedicated {
      guard let field = try TLV.find(0x80, in: data, template), field.count == 2 else {
        throw .incorrectData
      }
      size = Int(data[field.lowerBound]) << 8 | Int(data[field.lowerBound + 1])
      // READ BINARY's offset has 15 bits.
      guard size > 0, size <= 0x7FFF else { throw .incorrectData }
    }
    if structure.hasRecords {
      // Descriptor, coding, and the most bytes in a record, in one byte or two.
      guard descriptor.count >= 3, descriptor.count <= 4 else { throw .incorrectData }
      for index in descriptor.lowerBound + 2..<descriptor.upperBound {
        recordLength = recordLength << 8 | Int(data[index])
      }
      guard (1...255).contains(recordLength), recordLength <= size else { throw .incorrectData }
    }
    let nameField = try TLV.find(0x84, in: data, template) ?? 0..<0
    guard nameField.count <= 16, structure == .dedicated || nameField.isEmpty else {
      throw .incorrectData
    }
    var name: [UInt8] = []
    for index in nameField { name.append(data[index]) }
    let fid = UInt16(data[identifier.lowerBound]) << 8 | UInt16(data[identifier.lowerBound + 1])
    guard fid != FileNode.masterIdentifier, fid != 0xFFFF, fid != 0x3FFF, fid != 0 else {
      throw .incorrectData
    }
    return FileNode(
      number: try directory.freeNumber(), parent: parent.number, identifier: fid,
      structure: structure, size: size, recordLength: recordLength,
      access: AccessList(data.extracting(access)), name: name)
  }

  /// Makes the open transaction hold and reads the directory anew.
  mutating func commitAndReload() throws(StatusWord) {
    let here = currentDirectory.number
    let file = session.elementaryFile.map { directory.files[$0].number }
    try store.commit()
    do throws(MountFailure) { try directory.load(from: store) } catch { throw .memoryFailure }
    session.directory = directory.index(of: here) ?? 0
    session.elementaryFile = file.flatMap { directory.index(of: $0) }
  }
}
