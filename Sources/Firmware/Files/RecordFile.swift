import ISO7816

/// Records of linear and cyclic files (ISO/IEC 7816-4, 7.3.4): each is a record of the store, so
/// that writing one is all or nothing and touches no other.
extension RecordStore where Memory: ~Copyable {
  /// Most records a file may have; the parts above are taken.
  static var maximumRecords: Int { 240 }
  /// Part with the slot of a ring's youngest record and how many there are.
  private static var ringPart: UInt8 { 0xF0 }

  /// How many records the file holds.
  func recordCount(of file: FileNode) -> Int {
    if file.structure == .cyclic { return ring(of: file).count }
    var count = 0
    while length(of: RecordKey(file.number, part: UInt8(count))) != nil { count += 1 }
    return count
  }

  /// Appends a record's bytes; `number` counts from 1.
  ///
  /// - Throws: `6A83` for a record the file does not have.
  func readRecord(_ number: Int, of file: FileNode, into reply: inout [UInt8])
    throws(StatusWord)
  {
    guard read(try key(of: number, in: file), into: &reply) else { throw .recordNotFound }
  }

  /// Replaces a record, in the open transaction.
  ///
  /// - Throws: `6A83` for a record the file does not have, `6700` for a length it cannot have,
  ///   `6A84` where the file or the memory is full.
  mutating func updateRecord(_ number: Int, of file: FileNode, _ data: Span<UInt8>)
    throws(StatusWord)
  {
    let key = try key(of: number, in: file)
    guard let old = length(of: key) else { throw .recordNotFound }
    try checkLength(data.count, in: file)
    if file.structure == .linearVariable {
      guard usedBytes(of: file) - old + data.count <= file.size else { throw .notEnoughMemory }
    }
    try put(key, data)
  }

  /// Adds a record behind the last one; a full ring gives up its oldest. In the open transaction.
  ///
  /// - Throws: `6700` for a length the file's records cannot have, `6A84` where the file or the
  ///   memory is full.
  mutating func appendRecord(to file: FileNode, _ data: Span<UInt8>) throws(StatusWord) {
    try checkLength(data.count, in: file)
    if file.structure == .cyclic {
      let capacity = min(file.size / file.recordLength, Self.maximumRecords)
      let (youngest, count) = ring(of: file)
      let slot = count == 0 ? 0 : (youngest + 1) % capacity
      try put(RecordKey(file.number, part: UInt8(slot)), data)
      let state: [2 of UInt8] = [UInt8(slot), UInt8(min(count + 1, capacity))]
      try put(RecordKey(file.number, part: Self.ringPart), state.span)
    } else {
      let count = recordCount(of: file)
      guard count < Self.maximumRecords, usedBytes(of: file) + data.count <= file.size else {
        throw .notEnoughMemory
      }
      try put(RecordKey(file.number, part: UInt8(count)), data)
    }
  }

  private func checkLength(_ count: Int, in file: FileNode) throws(StatusWord) {
    let isRight =
      file.structure == .linearVariable
      ? (1...file.recordLength).contains(count) : count == file.recordLength
    guard isRight else { throw .wrongLength }
  }

  private func usedBytes(of file: FileNode) -> Int {
    var used = 0
    var part = 0
    while let length = length(of: RecordKey(file.number, part: UInt8(part))) {
      used += length
      part += 1
    }
    return used
  }

  private func ring(of file: FileNode) -> (youngest: Int, count: Int) {
    var state: [UInt8] = []
    guard read(RecordKey(file.number, part: Self.ringPart), into: &state), state.count == 2 else {
      return (0, 0)
    }
    return (Int(state[0]), Int(state[1]))
  }

  /// Where a record is; record 1 of a ring is the youngest (ISO/IEC 7816-4, 7.3.4).
  private func key(of number: Int, in file: FileNode) throws(StatusWord) -> RecordKey {
    guard (1...Self.maximumRecords).contains(number) else { throw .recordNotFound }
    guard file.structure == .cyclic else {
      return RecordKey(file.number, part: UInt8(number - 1))
    }
    let (youngest, count) = ring(of: file)
    guard number <= count else { throw .recordNotFound }
    let capacity = min(file.size / file.recordLength, Self.maximumRecords)
    return RecordKey(file.number, part: UInt8((youngest - number + 1 + capacity) % capacity))
  }
}
