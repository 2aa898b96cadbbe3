import ISO7816

extension RecordStore where Memory: ~Copyable {
  /// Bytes of a half that the live values and the open transaction would take, compacted.
  var compactedSize: Int {
    var size = HalfHeader.size
    for entry in entries { size += RecordHeader.span(of: entry.length) }
    if entries.isEmpty { size += RecordHeader.span(of: 0) }
    for change in changes { size += RecordHeader.span(of: change.length) }
    return size
  }

  /// Copies the live values, and the open transaction behind them, to the other half and makes that
  /// the live one.
  ///
  /// - Throws: `6A84` before anything is touched where `reserving` more bytes would not fit,
  ///   `6581` where the memory failed.
  mutating func compact(reserving span: Int = 0) throws(StatusWord) {
    guard !isFailed else { throw .memoryFailure }
    guard compactedSize + span <= halfSize else { throw .notEnoughMemory }
    let oldHalf = half
    let oldChanges = changes
    do throws(FlashFailure) {
      half = 1 - half
      for page in 0..<memory.pageCount / 2 {
        try memory.erase(page: half * memory.pageCount / 2 + page)
      }
      end = base + HalfHeader.size
      sequence &+= 1
      openRecord = nil
      // One transaction: whoever loses the tail of the copies has lost all of them, and sees it.
      for index in entries.indices {
        entries[index].address = try copy(entries[index], kind: RecordHeader.put)
      }
      // A half without values begins with a removal of nothing: its first transaction is always
      // one that was durable before the half became live.
      if entries.isEmpty {
        let nothing = Entry(key: RecordKey(0, part: 0), address: base, length: 0)
        _ = try copy(nothing, kind: RecordHeader.delete)
      }
      try close(RecordEnd.commit)
      sequence &+= 1
      for index in changes.indices {
        let change = oldChanges[index]
        let entry = Entry(key: change.key, address: change.address ?? 0, length: change.length)
        let kind = change.address == nil ? RecordHeader.delete : RecordHeader.put
        let address = try copy(entry, kind: kind)
        changes[index].address = change.address == nil ? nil : address
      }
      generation &+= 1
      let header = HalfHeader(generation: generation)
      try memory.program(header.identity, at: base)
      try memory.barrier()
      try memory.program(header.confirmation, at: base + 8)
      try memory.barrier()
      // The old half must not come back as the live one if this header is ever damaged.
      try memory.erase(page: oldHalf * memory.pageCount / 2)
    } catch {
      throw fail()
    }
  }

  /// Copies one record to the end of the log, its trailer open; answers the address of the value.
  private mutating func copy(_ entry: Entry, kind: UInt8) throws(FlashFailure) -> Int {
    scratch.removeAll(keepingCapacity: true)
    memory.read(entry.address..<entry.address + entry.length, into: &scratch)
    var value: [UInt8] = []
    swap(&value, &scratch)
    defer { swap(&value, &scratch) }
    do throws(StatusWord) {
      return try append(kind, entry.key, value.span)
    } catch {
      throw FlashFailure()
    }
  }
}
