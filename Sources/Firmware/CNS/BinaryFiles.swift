import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// READ BINARY (ISO/IEC 7816-4, 11.3.3).
  ///
  /// - Throws: `6986` without a current file, `6981` on a directory, `6982` where the rule is not
  ///   met, `6B00` where the offset is behind the end.
  func readBinary(_ offset: Int, _ ne: Int?, into reply: inout [UInt8]) throws(StatusWord)
    -> StatusWord
  {
    let file = try currentFile(for: .read)
    guard let ne else { throw .wrongLength }
    guard offset < file.size || offset == 0 else { throw .offsetOutsideFile }
    let available = file.size - offset
    store.readBody(of: file, offset..<offset + min(ne, available), into: &reply)
    // Le 00 asks for all there is; any other number asks for just so many.
    let asksForAll = ne == 256 || ne == 65_536
    return ne > available && !asksForAll ? .endOfFileReached : .success
  }

  /// UPDATE BINARY (ISO/IEC 7816-4, 11.3.5).
  ///
  /// - Throws: as READ BINARY; `6A84` where the data run past the end of the file or the memory is
  ///   full. Nothing was changed then.
  mutating func updateBinary(_ offset: Int, _ data: Span<UInt8>) throws(StatusWord) {
    let file = try currentFile(for: .update)
    guard data.count > 0 else { throw .wrongLength }
    guard offset < file.size else { throw .offsetOutsideFile }
    guard data.count <= file.size - offset else { throw .notEnoughMemory }
    try store.writeBody(of: file, at: offset, data)
  }

  /// The current elementary file, after its rule for the operation was checked.
  func currentFile(for operation: FileOperation, withRecords: Bool = false) throws(StatusWord)
    -> FileNode
  {
    guard let index = session.elementaryFile else { throw .noCurrentFile }
    let file = directory.files[index]
    guard file.structure.hasRecords == withRecords else { throw .commandIncompatibleWithFile }
    let rule = file.access[operation.rawValue]
    switch operation {
    case .read: try requireHolder(rule, in: file.parent)
    default: try require(rule, in: file.parent)
    }
    try requireOperational(index)
    return file
  }

  /// Checks that neither the file at this position nor a directory it is in is switched off: a
  /// directory takes what is in it along (ISO/IEC 7816-9).
  ///
  /// - Throws: `6985` where one of them is.
  func requireOperational(_ index: Int) throws(StatusWord) {
    var place = index
    while true {
      let file = directory.files[place]
      guard file.state == .operational else { throw .conditionsOfUseNotSatisfied }
      guard file.number != Directory.masterNumber, let next = directory.index(of: file.parent)
      else { return }
      place = next
    }
  }
}
