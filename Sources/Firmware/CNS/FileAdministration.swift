import ISO7816

/// What ACTIVATE, DEACTIVATE and TERMINATE do to the current file.
enum FileStateChange {
  case activate
  case deactivate
  case terminateFile
  case terminateDirectory

  /// The operation whose rule must be met.
  var operation: FileOperation {
    switch self {
    case .activate: .activate
    case .deactivate: .deactivate
    case .terminateFile, .terminateDirectory: .administer
    }
  }
}

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// DELETE FILE (ISO/IEC 7816-9): a child of the current directory, or without data the
  /// current file. Afterwards the directory it was in is current.
  ///
  /// - Throws: `6982` where its rule is not met, `6985` for the master file and for a directory
  ///   that is not empty, `6A82` for a file that is not there.
  mutating func deleteFile(_ data: Span<UInt8>) throws(StatusWord) {
    let file: FileNode
    if data.count == 0 {
      file = directory.files[session.elementaryFile ?? session.directory]
    } else {
      guard data.count == 2 else { throw .wrongLength }
      let identifier = UInt16(data[0]) << 8 | UInt16(data[1])
      guard let index = directory.child(identifier, of: currentDirectory.number) else {
        throw .fileNotFound
      }
      file = directory.files[index]
    }
    guard file.number != Directory.masterNumber else { throw .conditionsOfUseNotSatisfied }
    try require(file.access[FileOperation.delete.rawValue], in: file.parent)
    guard directory.isEmpty(file.number) else { throw .conditionsOfUseNotSatisfied }
    session.directory = directory.index(of: file.parent) ?? 0
    session.elementaryFile = nil
    // Without its description the file is gone. Its contents follow one by one: in a full memory
    // each makes the room that the removal of the next one takes.
    try store.remove(RecordKey(file.number, part: Directory.descriptionPart))
    try commitAndReload()
    try removeContents(of: file.number)
  }

  /// Removes every record of an object that has no description any more.
  private mutating func removeContents(of number: UInt16) throws(StatusWord) {
    for part in store.parts(of: number) {
      try store.remove(RecordKey(number, part: part))
      try store.commit()
    }
  }

  /// Removes what a deletion that power interrupted has left.
  ///
  /// - Throws: where the memory cannot be written.
  mutating func finishDeletions() throws(MountFailure) {
    var number: UInt16 = 0
    for index in store.entries.indices.reversed() {
      guard index < store.entries.count else { continue }
      let object = store.entries[index].key.object
      guard object != 0, object != number else { continue }
      number = object
      guard store.length(of: RecordKey(object, part: Directory.descriptionPart)) == nil else {
        continue
      }
      do throws(StatusWord) { try removeContents(of: object) } catch { throw .memoryFailure }
    }
  }

  /// ACTIVATE FILE, DEACTIVATE FILE, TERMINATE EF and TERMINATE DF (ISO/IEC 7816-9) for
  /// the current file. Terminating the master file ends the card's life.
  ///
  /// - Throws: `6982` where the rule is not met, `6981` for a file of the other kind, `6985` for a
  ///   file that is terminated.
  mutating func changeFileState(_ change: FileStateChange) throws(StatusWord) {
    let index = session.elementaryFile ?? session.directory
    var file = directory.files[index]
    try require(file.access[change.operation.rawValue], in: file.parent)
    guard file.state != .terminated else { throw .conditionsOfUseNotSatisfied }
    switch change {
    case .activate: file.state = .operational
    case .deactivate:
      guard file.number != Directory.masterNumber else { throw .conditionsOfUseNotSatisfied }
      file.state = .deactivated
    case .terminateFile:
      guard file.structure != .dedicated else { throw .commandIncompatibleWithFile }
      file.state = .terminated
    case .terminateDirectory:
      guard file.structure == .dedicated else { throw .commandIncompatibleWithFile }
      file.state = .terminated
    }
    try putDescription(file.record, of: file.number)
    let endsLife = file.number == Directory.masterNumber && file.state == .terminated
    if endsLife { try writeLifeCycle(.terminated) }
    try commitAndReload()
    if endsLife { lifeCycle = .terminated }
  }

  /// PUT DATA `016F`: replaces the access rules (`86`) of the current file.
  ///
  /// - Throws: `6982` where its rule for administration is not met, `6A80` without nine bytes.
  mutating func putFileControl(_ data: Span<UInt8>) throws(StatusWord) {
    var file = directory.files[session.elementaryFile ?? session.directory]
    try require(file.access[FileOperation.administer.rawValue], in: file.parent)
    guard let access = try TLV.find(0x86, in: data, 0..<data.count), access.count == 9 else {
      throw .incorrectData
    }
    file.access = AccessList(data.extracting(access))
    try putDescription(file.record, of: file.number)
    try commitAndReload()
  }

  /// CHANGE KEY DATA: replaces the issuer's transport key by one the issuer chooses.
  ///
  /// - Throws: `6982` for anybody but the issuer, `6A88` for an object the card does not have,
  ///   `6985` for a private key: those are generated, never put in.
  mutating func changeKeyData(class byte: UInt8, _ identifier: UInt8, _ data: Span<UInt8>)
    throws(StatusWord)
  {
    let isPrivate = byte & 0xE0 == 0x20
    guard
      let index = directory.object(
        identifier & 0x1F, isKey: isPrivate, from: currentDirectory.number)
    else { throw .referencedDataNotFound }
    let object = directory.objects[index]
    guard object.kind == .authentication else { throw .conditionsOfUseNotSatisfied }
    try requireIssuer()
    guard data.count == 16 else { throw .wrongLength }
    try store.put(object.valueKey, data)
    try setTries(object.maximumTries, of: object)
    session.status.revoke(object)
  }
}
