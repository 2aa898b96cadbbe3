import ISO7816

/// Values under keys in flash memory: a log that is only ever appended to.
///
/// Changes are made in transactions: `put` and `remove` as often as needed, then `commit`. Until the
/// last unit of the commit is programmed the old values hold; from then on the new ones do. When a
/// half of the memory is full the live values are copied to the other half, which becomes live with
/// the programming of its header. Nothing is ever rewritten in place.
struct RecordStore<Memory: Flash & ~Copyable>: ~Copyable {
  /// Where a live value is.
  struct Entry {
    var key: RecordKey
    var address: Int
    var length: Int
  }
  /// A change of the open transaction; `address` nil says the value is gone.
  struct Change {
    var key: RecordKey
    var address: Int?
    var length: Int
  }
  /// A record whose trailer waits for the word that ends it.
  struct OpenRecord {
    var trailerAddress: Int
    var checksum: UInt32
  }

  var memory: Memory
  /// Live values in the order of their keys.
  var entries: [Entry] = []
  var changes: [Change] = []
  var openRecord: OpenRecord?
  /// 0 or 1: which half is live.
  var half = 0
  var generation: UInt16 = 0
  /// Where the next record goes.
  var end = 0
  var sequence: UInt8 = 0
  /// A unit was left undefined: nothing more may be written until the next mount.
  var isFailed = false
  /// Reused for everything read from memory, so that a read costs no allocation.
  var scratch: [UInt8] = []

  init(memory: consuming Memory) {
    self.memory = memory
    entries.reserveCapacity(128)
    changes.reserveCapacity(32)
    scratch.reserveCapacity(512)
  }

  /// The same store over a copy of its memory; the open transaction is copied too.
  init(copying other: borrowing RecordStore, memory: consuming Memory) {
    self.memory = memory
    entries = other.entries
    changes = other.changes
    openRecord = other.openRecord
    half = other.half
    generation = other.generation
    end = other.end
    sequence = other.sequence
    isFailed = other.isFailed
    scratch.reserveCapacity(512)
  }

  /// Bytes in a half.
  var halfSize: Int { memory.pageSize * memory.pageCount / 2 }
  /// First address of the live half.
  var base: Int { half * halfSize }
  /// First address behind the live half.
  var limit: Int { base + halfSize }

  // MARK: Reading

  /// Bytes in the value under a key, or nil where there is none. Sees the open transaction.
  func length(of key: RecordKey) -> Int? { locate(key)?.length }

  /// Appends a part of the value under a key; false where the value is shorter or not there.
  func read(_ key: RecordKey, _ range: Range<Int>, into bytes: inout [UInt8]) -> Bool {
    guard let (address, length) = locate(key), range.upperBound <= length else { return false }
    memory.read(address + range.lowerBound..<address + range.upperBound, into: &bytes)
    return true
  }

  /// Appends the whole value under a key; false where there is none.
  func read(_ key: RecordKey, into bytes: inout [UInt8]) -> Bool {
    guard let (address, length) = locate(key) else { return false }
    memory.read(address..<address + length, into: &bytes)
    return true
  }

  /// The first byte of the value under a key, or nil where there is none.
  func byte(_ key: RecordKey) -> UInt8? {
    guard let (address, length) = locate(key), length > 0 else { return nil }
    return memory.byte(at: address)
  }

  /// The parts of an object that hold.
  func parts(of object: UInt16) -> [UInt8] {
    var parts: [UInt8] = []
    for entry in entries where entry.key.object == object { parts.append(entry.key.part) }
    return parts
  }

  private func locate(_ key: RecordKey) -> (address: Int, length: Int)? {
    for change in changes.reversed() where change.key == key {
      return change.address.map { ($0, change.length) }
    }
    let index = position(of: key)
    guard index < entries.count, entries[index].key == key else { return nil }
    return (entries[index].address, entries[index].length)
  }

  /// Where a key is in `entries`, or would be.
  private func position(of key: RecordKey) -> Int {
    var low = 0
    var high = entries.count
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].key < key { low = middle + 1 } else { high = middle }
    }
    return low
  }

  // MARK: Changing

  /// Bytes that only counters, PINs and the like may use: a card whose memory is full of files
  /// still counts tries, changes a PIN and ends its life. RESET RETRY COUNTER needs the most: four
  /// short records in one transaction, with the mark of a transport PIN.
  static var reserve: Int { 96 }

  /// Puts a value under a key, in the open transaction.
  ///
  /// - Throws: `6A84` where even a compacted half has no room, `6581` where the memory failed.
  mutating func put(_ key: RecordKey, _ value: Span<UInt8>, mayUseReserve: Bool = false)
    throws(StatusWord)
  {
    let span = RecordHeader.span(of: value.count)
    guard mayUseReserve || compactedSize + span + Self.reserve <= halfSize else {
      throw .notEnoughMemory
    }
    try makeRoom(for: span)
    let address = try append(RecordHeader.put, key, value)
    changes.append(Change(key: key, address: address, length: value.count))
  }

  /// Removes the value under a key, in the open transaction; nothing happens where there is none.
  ///
  /// - Throws: as `put`.
  mutating func remove(_ key: RecordKey) throws(StatusWord) {
    guard length(of: key) != nil else { return }
    try makeRoom(for: RecordHeader.span(of: 0))
    let nothing: [UInt8] = []
    _ = try append(RecordHeader.delete, key, nothing.span)
    changes.append(Change(key: key, address: nil, length: 0))
  }

  /// Makes the open transaction hold; nothing happens where there is none.
  ///
  /// - Throws: `6581` where the memory failed; what holds is known after the next mount.
  mutating func commit() throws(StatusWord) {
    guard !changes.isEmpty else { return }
    guard !isFailed, openRecord != nil else { throw .memoryFailure }
    do throws(FlashFailure) {
      // One barrier: where the trailer arrives before what it vouches for, the checksum tells.
      try close(RecordEnd.commit)
      try memory.barrier()
    } catch {
      throw fail()
    }
    for change in changes { apply(change) }
    changes.removeAll(keepingCapacity: true)
    sequence &+= 1
  }

  /// Forgets the open transaction.
  mutating func rollback() {
    guard !changes.isEmpty else { return }
    changes.removeAll(keepingCapacity: true)
    // A number is left out: mounting sees that nothing was committed here.
    sequence &+= 2
    // The next record must begin behind a finished one, and what may be unfinished at a power cut
    // must be one transaction.
    guard openRecord != nil, !isFailed else { return }
    do throws(FlashFailure) {
      try close(RecordEnd.more)
      try memory.barrier()
    } catch {
      _ = fail()
    }
  }

  /// Takes over a change that holds.
  mutating func apply(_ change: Change) {
    let index = position(of: change.key)
    let isThere = index < entries.count && entries[index].key == change.key
    switch (change.address, isThere) {
    case (let address?, true):
      entries[index] = Entry(key: change.key, address: address, length: change.length)
    case (let address?, false):
      entries.insert(Entry(key: change.key, address: address, length: change.length), at: index)
    case (nil, true): entries.remove(at: index)
    case (nil, false): break
    }
  }

  // MARK: The log

  /// Appends a record whose trailer stays open; answers the address of its value.
  mutating func append(_ kind: UInt8, _ key: RecordKey, _ value: Span<UInt8>)
    throws(StatusWord) -> Int
  {
    guard !isFailed else { throw .memoryFailure }
    let header = RecordHeader(kind: kind, key: key, length: value.count, sequence: sequence)
    do throws(FlashFailure) {
      try close(RecordEnd.more)
      var checksum = CRC32()
      checksum.take(unit: header.unit)
      try memory.program(header.unit, at: end)
      for offset in stride(from: 0, to: value.count, by: 8) {
        var unit = UInt64.max
        for index in offset..<min(offset + 8, value.count) {
          checksum.take(value[index])
          let shift = UInt64(index - offset) * 8
          unit = unit & ~(0xFF << shift) | UInt64(value[index]) << shift
        }
        try memory.program(unit, at: end + 8 + offset)
      }
      let address = end + 8
      end += header.span
      openRecord = OpenRecord(trailerAddress: end - 8, checksum: checksum.value)
      return address
    } catch {
      throw fail()
    }
  }

  /// Programs the waiting trailer, if there is one.
  mutating func close(_ ending: UInt32) throws(FlashFailure) {
    guard let record = openRecord else { return }
    try memory.program(
      RecordEnd.unit(ending, checksum: record.checksum), at: record.trailerAddress)
    openRecord = nil
  }

  mutating func fail() -> StatusWord {
    isFailed = true
    openRecord = nil
    return .memoryFailure
  }

  private mutating func makeRoom(for span: Int) throws(StatusWord) {
    guard !isFailed else { throw .memoryFailure }
    guard end + span > limit else { return }
    try compact(reserving: span)
  }
}
