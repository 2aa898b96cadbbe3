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
    let isOlderHalfLeft = try chooseHalf()
    let isTorn = try replay()
    changes.removeAll(keepingCapacity: true)
    // Only now, as a damaged image is left as it is.
    if isOlderHalfLeft {
      do throws(FlashFailure) { try memory.erase(page: (1 - half) * memory.pageCount / 2) } catch {
        throw .memoryFailure
      }
    }
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

  /// Finds the live half; answers whether power went between the activation of the younger half
  /// and the erasure of the older.
  private mutating func chooseHalf() throws(MountFailure) -> Bool {
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
    return headers.0 != nil && headers.1 != nil
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
      guard let header = RecordHeader(unit: first), end + header.span <= limit else {
        // A header that was never completely programmed has nothing behind it.
        guard isErased(end + 8..<limit) else { throw .damagedRecord(address: end) }
        return true
      }
      let next = end + header.span
      guard let ending = try recordEnd(header, at: end) else {
        // Only the last record may be unfinished: nothing can have been programmed behind it.
        guard isErased(next..<limit) else { throw .strayBytes(address: next) }
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
    var checksum = CRC32()
    checksum.take(unit: header.unit)
    for offset in 0..<header.length { checksum.take(memory.byte(at: address + 8 + offset)) }
    let more = RecordEnd.unit(RecordEnd.more, checksum: checksum.value)
    let commit = RecordEnd.unit(RecordEnd.commit, checksum: checksum.value)
    if trailer == more { return RecordEnd.more }
    if trailer == commit { return RecordEnd.commit }
    // Half-programmed cells read as ones that should be zeros: such a trailer holds every bit of a
    // right one and more. Anything else was complete once and is damaged now. Damage that only
    // turns zeros of the last trailer into ones cannot be told from a power cut: the last
    // transaction is undone then.
    guard trailer & more == more || trailer & commit == commit else {
      throw .damagedRecord(address: address)
    }
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
