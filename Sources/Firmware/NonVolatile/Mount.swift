import ISO7816

/// Why a memory image is not taken into use. Nothing was changed in it.
public enum MountFailure: Error, Equatable, Sendable {
  /// Every byte is `FF`: the chip never left the factory.
  case blank
  /// Neither half carries a valid header.
  case noLiveHalf
  /// The image was written by a firmware with another format.
  case unsupportedVersion(UInt16)
  /// A record that was once durable is not sound any more, or is not the one that belongs there.
  case damagedRecord(address: Int)
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

  /// Reads the log from its beginning; answers whether a power cut left something behind its end.
  private mutating func replay() throws(MountFailure) -> Bool {
    end = base + HalfHeader.size
    var isFirst = true
    var isCommitted = false
    var hasCommits = false
    while let (header, ending) = record(at: end) {
      let distance = header.sequence &- sequence
      // Earlier firmware left out no number where it rolled back.
      guard isFirst || (isCommitted ? distance == 1 : distance <= 2) else {
        throw .damagedRecord(address: end)
      }
      isFirst = false
      if distance != 0 { changes.removeAll(keepingCapacity: true) }
      sequence = header.sequence
      changes.append(
        Change(
          key: header.key, address: header.kind == RecordHeader.put ? end + 8 : nil,
          length: header.length))
      isCommitted = ending == RecordEnd.commit
      if isCommitted {
        hasCommits = true
        for change in changes { apply(change) }
        changes.removeAll(keepingCapacity: true)
      }
      end += header.span
    }
    let isTorn = !isErased(end..<limit)
    // A half's first transaction was durable before the half became live.
    guard !isTorn || hasCommits && isInterrupted(after: isCommitted) else {
      throw .damagedRecord(address: end)
    }
    sequence &+= isCommitted ? 1 : 2
    return isTorn
  }

  /// The sound record at an address and the word that ends it; nil where there is none.
  func record(at address: Int) -> (RecordHeader, ending: UInt32)? {
    guard address + 16 <= limit, let header = RecordHeader(unit: unit(at: address)),
      address + header.span <= limit
    else { return nil }
    let checksum = checksum(of: header, at: address)
    let trailer = unit(at: address + header.span - 8)
    guard let ending = RecordEnd.ending(of: trailer),
      trailer == RecordEnd.unit(ending, checksum: checksum)
    else { return nil }
    return (header, ending)
  }

  /// The checksum of a record's header and value as they stand.
  func checksum(of header: RecordHeader, at address: Int) -> UInt32 {
    var checksum = CRC32()
    checksum.take(unit: header.unit)
    for offset in 0..<header.length { checksum.take(memory.byte(at: address + 8 + offset)) }
    return checksum.value
  }

  func unit(at address: Int) -> UInt64 {
    var unit: UInt64 = 0
    for offset in 0..<8 { unit |= UInt64(memory.byte(at: address + offset)) << UInt64(8 * offset) }
    return unit
  }

  func isErased(_ addresses: Range<Int>) -> Bool {
    for address in addresses where memory.byte(at: address) != 0xFF { return false }
    return true
  }
}
