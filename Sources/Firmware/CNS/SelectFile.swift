import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// SELECT (ISO/IEC 7816-4, 11.2.2). The selection changes only where it succeeds.
  ///
  /// - Throws: `6A82` for what is not there, `6700` for a name of the wrong length.
  mutating func select(
    _ selection: Selection, _ answer: SelectionAnswer, _ data: Span<UInt8>,
    into reply: inout [UInt8]
  ) throws(StatusWord) -> StatusWord {
    let here = currentDirectory.number
    let found: Int
    switch selection {
    case .fileIdentifier: found = try findByIdentifier(data)
    case .childDirectory:
      found = try step(try identifier(data), from: here)
      guard isDirectory(found) else { throw .fileNotFound }
    case .elementaryFile:
      found = try step(try identifier(data), from: here)
      guard !isDirectory(found) else { throw .fileNotFound }
    case .parentDirectory:
      guard data.count == 0, let parent = directory.index(of: currentDirectory.parent) else {
        throw .wrongLength
      }
      found = parent
    case .applicationIdentifier: found = try findByName(data)
    case .pathFromMaster: found = try follow(data, from: Directory.masterNumber)
    case .pathFromCurrent: found = try follow(data, from: here)
    }
    let file = directory.files[found]
    if file.structure == .dedicated {
      session.directory = found
      session.elementaryFile = nil
    } else {
      session.directory = directory.index(of: file.parent) ?? 0
      session.elementaryFile = found
    }
    switch answer {
    case .controlInformation:
      file.appendControlParameters(as: 0x6F, chipState: lifeCycle, to: &reply)
    case .controlParameters:
      file.appendControlParameters(as: 0x62, chipState: lifeCycle, to: &reply)
    case .nothing: break
    }
    // A card out of service has no file in service.
    if lifeCycle == .terminated { return .selectedFileTerminated }
    switch file.state {
    case .operational: return .success
    case .deactivated: return .selectedFileDeactivated
    case .terminated: return .selectedFileTerminated
    }
  }

  private func isDirectory(_ index: Int) -> Bool { directory.files[index].structure == .dedicated }

  private func identifier(_ data: Span<UInt8>) throws(StatusWord) -> UInt16 {
    guard data.count == 2 else { throw .wrongLength }
    return UInt16(data[0]) << 8 | UInt16(data[1])
  }

  /// The master file, a child of the current directory, the directory itself, its parent or one of
  /// its siblings (ISO/IEC 7816-4, selection by file identifier). Without data: the master file.
  private func findByIdentifier(_ data: Span<UInt8>) throws(StatusWord) -> Int {
    guard data.count > 0 else { return 0 }
    let identifier = try identifier(data)
    if identifier == FileNode.masterIdentifier { return 0 }
    let current = currentDirectory
    if let child = directory.child(identifier, of: current.number) { return child }
    if current.identifier == identifier { return session.directory }
    if let parent = directory.index(of: current.parent),
      directory.files[parent].identifier == identifier
    {
      return parent
    }
    guard let sibling = directory.child(identifier, of: current.parent), isDirectory(sibling)
    else { throw .fileNotFound }
    return sibling
  }

  private func step(_ identifier: UInt16, from place: UInt16) throws(StatusWord) -> Int {
    guard let child = directory.child(identifier, of: place) else { throw .fileNotFound }
    return child
  }

  /// A path of file identifiers; `3F00` in front of an absolute one is accepted.
  private func follow(_ path: Span<UInt8>, from start: UInt16) throws(StatusWord) -> Int {
    guard path.count > 0, path.count.isMultiple(of: 2) else { throw .wrongLength }
    var found = directory.index(of: start) ?? 0
    for offset in stride(from: 0, to: path.count, by: 2) {
      let identifier = UInt16(path[offset]) << 8 | UInt16(path[offset + 1])
      if offset == 0, identifier == FileNode.masterIdentifier, start == Directory.masterNumber {
        continue
      }
      found = try step(identifier, from: directory.files[found].number)
    }
    return found
  }

  /// A directory by its whole AID, or by the front of it (ISO/IEC 7816-4, selection by DF name).
  private func findByName(_ name: Span<UInt8>) throws(StatusWord) -> Int {
    guard name.count > 0, name.count <= 16 else { throw .wrongLength }
    for index in directory.files.indices {
      let candidate = directory.files[index].name
      // Five bytes are the registered provider; less would catch other people's applications.
      guard candidate.count >= name.count, name.count >= min(5, candidate.count) else { continue }
      var matches = true
      for position in 0..<name.count where candidate[position] != name[position] {
        matches = false
      }
      if matches { return index }
    }
    throw .fileNotFound
  }
}
