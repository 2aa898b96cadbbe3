import FlashTesting
import ISO7816
import Testing

@testable import Firmware

@Suite("A full memory") struct FullMemoryTests {
  /// How many values of eight bytes there is room for.
  static let values = (512 - 16 - HostileStore.reserve) / 24

  /// A store that takes no further value of eight bytes.
  static func full() throws -> HostileStore {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 16))
    try store.format()
    for number in UInt16(1)... {
      do throws(StatusWord) {
        try store.put(RecordKey(number, part: 0), [UInt8](repeating: 7, count: 8).span)
      } catch {
        #expect(error == .notEnoughMemory)
        return store
      }
      try store.commit()
    }
    throw StatusWord.noPreciseDiagnosis
  }

  @Test("refuses with 6A84 and changes nothing")
  func refusal() throws {
    var store = try Self.full()
    let before = store.memory.bytes
    #expect(throws: StatusWord.notEnoughMemory) {
      try store.put(RecordKey(200, part: 0), [UInt8](repeating: 9, count: 300).span)
    }
    #expect(throws: StatusWord.notEnoughMemory) {
      try store.put(RecordKey(200, part: 0), [1].span)
    }
    let after = store.memory.bytes
    #expect(after == before)
    let count = store.committedContents.count
    #expect(count == Self.values)
  }

  @Test("still counts: short values replace each other in the reserve, for ever")
  func counters() throws {
    var store = try Self.full()
    for round in 0..<100 {
      try store.put(RecordKey(1, part: 0), [UInt8(round)].span, mayUseReserve: true)
      try store.commit()
      for part: UInt8 in 0..<3 {
        let key = RecordKey(UInt16(part) + 2, part: 0)
        try store.put(key, [UInt8](repeating: UInt8(round), count: 8).span, mayUseReserve: true)
      }
      try store.commit()
    }
    let byte = store.byte(RecordKey(4, part: 0))
    #expect(byte == 99)
  }

  @Test("keeps the open transaction when one more value does not fit")
  func openTransaction() throws {
    var store = try Self.full()
    try store.remove(RecordKey(1, part: 0))
    try store.put(RecordKey(2, part: 0), [42].span, mayUseReserve: true)
    #expect(throws: StatusWord.notEnoughMemory) {
      try store.put(RecordKey(200, part: 0), [UInt8](repeating: 9, count: 100).span)
    }
    try store.commit()
    let boot = Boot.from(store.memory.bytes, pageSize: 64).outcome
    let seen = store.committedContents
    #expect(boot == .contents(seen))
    #expect(seen[0x100] == nil && seen[0x200] == [42])
  }

  @Test("has room again for what was removed")
  func removal() throws {
    var store = try Self.full()
    for number in 1...Self.values {
      try store.remove(RecordKey(UInt16(number), part: 0))
      try store.commit()
    }
    let value = [UInt8](repeating: 9, count: 300)
    try store.put(RecordKey(200, part: 0), value.span)
    try store.commit()
    let boot = Boot.from(store.memory.bytes, pageSize: 64).outcome
    #expect(boot == .contents([200 << 8: value]))
  }
}
