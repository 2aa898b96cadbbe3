import ISO7816

/// Why a memory image is not taken into use. Nothing was changed in it.
public enum MountFailure: Error, Equatable, Sendable {
  /// Every byte is `FF`: the chip never left the factory.
  case blank
  /// Neither half carries a valid header.
  case noLiveHalf
  /// The image was written by a firmware with another format.
  case unsupportedVersion(UInt16)
  /// A record that was once complete does not match its checksum any more.
  case damagedRecord(address: Int)
  /// There are bytes behind the end of the log.
  case strayBytes(address: Int)
  /// The records are sound, but what they say about files and objects does not fit together.
  case inconsistentContents(object: UInt16)
  /// The memory could not be written while an interrupted change was being undone.
  case memoryFailure
}

extension RecordStore where Memory: ~Copyable {
  /// Finds the live half, replays its log and heals what a power cut left behind.
  ///
  /// - Throws: where the image was damaged by anything but a power cut: it is left as it is.
  mutating func mount() throws(MountFailure) {
    entries.removeAll(keepingCapacity: true)
    changes.removeAll(keepingCapacity: true)
    openRecord = nil
    isFailed = false
    try chooseHalf()
    let isTorn = try replay()
    changes.removeAll(keepingCapacity: true)
    guard isTorn else { return }
    do throws(StatusWord) { try compact() } catch { throw .memoryFailure }
  }

  /// Makes the first half the live one, with nothing in it.
  ///
  /// - Throws: `6581` where the memory failed.
  mutating func format() throws(StatusWord) {
    half = 1
    generation = 0
    entries.removeAll()
    changes.removeAll()
    openRecord = nil
    try compact()
  }

  private mutating func chooseHalf() throws(MountFailure) {
    let headers = (header(of: 0), header(of: 1))
    switch headers {
    case (nil, nil): throw isErased(0..<2 * halfSize) ? .blank : .noLiveHalf
    case (let first?, nil): (half, generation) = (0, first.generation)
    case (nil, let second?): (half, generation) = (1, second.generation)
    case (let first?, let second?):
      half = Int16(bitPattern: second.generation &- first.generation) > 0 ? 1 : 0
      generation = half == 0 ? first.generation : second.generation
    }
    let version = (half == 0 ? headers.0?.version : headers.1?.version) ?? 0
    guard version == HalfHeader.version else { throw .unsupportedVersion(version) }
    guard headers.0 != nil, headers.1 != nil else { return }
    // Power went between the activation of the younger half and the erasure of the older.
    let older = (1 - half) * memory.pageCount / 2
    do throws(FlashFailure) { try memory.erase(page: older) } catch { throw .memoryFailure }
  }

  private func header(of half: Int) -> HalfHeader? {
    HalfHeader(unit(at: half * halfSize), unit(at: half * halfSize + 8))
  }

  /// Reads the log from its beginning; answers whether it ends in a torn record.
  private mutating func replay() throws(MountFailure) -> Bool {
    end = base + HalfHeader.size
    while end + 16 <= limit {
      let first = unit(at: end)
      if first == .max {
        guard isErased(end..<limit) else { throw .strayBytes(address: end) }
        sequence &+= 1
        return false
      }
      let header = RecordHeader(unit: first)
      let next = end + header.span
      guard header.isKnown, next <= limit,
        let ending = try recordEnd(header, at: end)
      else {
        // Only the last record may be unfinished: nothing can have been programmed behind it.
        let behind = header.isKnown ? min(next, limit) : end + 8
        guard isErased(behind..<limit) else { throw .strayBytes(address: behind) }
        return true
      }
      if header.sequence != sequence { changes.removeAll(keepingCapacity: true) }
      sequence = header.sequence
      changes.append(
        Change(
          key: header.key, address: header.kind == RecordHeader.put ? end + 8 : nil,
          length: header.length))
      if ending == RecordEnd.commit {
        for change in changes { apply(change) }
        changes.removeAll(keepingCapacity: true)
      }
      end = next
    }
    guard isErased(end..<limit) else { throw .strayBytes(address: end) }
    sequence &+= 1
    return false
  }

  /// The word that ends the record, or nil where its trailer was never completely programmed.
  private func recordEnd(_ header: RecordHeader, at address: Int) throws(MountFailure) -> UInt32? {
    let trailer = unit(at: address + header.span - 8)
    let ending = UInt32(truncatingIfNeeded: trailer >> 32)
    guard ending == RecordEnd.more || ending == RecordEnd.commit else { return nil }
    var checksum = CRC32()
    checksum.take(unit: header.unit)
    for offset in 0..<header.length { checksum.take(memory.byte(at: address + 8 + offset)) }
    let stored = UInt32(truncatingIfNeeded: trailer)
    if checksum.value == stored { return ending }
    // Half-programmed cells read as ones that should be zeros: such a checksum holds every bit of
    // the right one and more. Anything else was complete once and is damaged now.
    guard checksum.value & stored == checksum.value else { throw .damagedRecord(address: address) }
    return nil
  }

  private func unit(at address: Int) -> UInt64 {
    var unit: UInt64 = 0
    for offset in 0..<8 { unit |= UInt64(memory.byte(at: address + offset)) << UInt64(8 * offset) }
    return unit
  }

  private func isErased(_ addresses: Range<Int>) -> Bool {
    for address in addresses where memory.byte(at: address) != 0xFF { return false }
    return true
  }
}
