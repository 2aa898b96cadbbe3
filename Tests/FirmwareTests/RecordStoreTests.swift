import FlashTesting
import ISO7816
import Testing

@testable import Firmware

@Suite("The record store") struct RecordStoreTests {
  static let keys: [UInt32] = [0x0001_00, 0x0001_FE, 0x0001_FF, 0x0002_00, 0x00FF_00, 0xFFFF_01]

  @Test("agrees with a dictionary whatever happens to it", arguments: UInt64(0)..<24)
  func lockStep(seed: UInt64) throws {
    var bits = SeededBits(seed)
    var model = StoreModel()
    var store = HostileStore(memory: HostileFlash(pageSize: 256, pageCount: 16))
    try store.format()
    for _ in 0..<150 {
      switch bits.next() % 16 {
      case 0...6:
        let key = Self.keys[Int(bits.next() % 6)]
        let value = bits.bytes(Int(bits.next() % (bits.next() % 4 == 0 ? 601 : 40)))
        try put(key, value, &store, &model)
      case 7...8:
        let key = Self.keys[Int(bits.next() % 6)]
        try store.remove(RecordKey(testing: key))
        model.remove(key)
      case 9...12:
        try store.commit()
        model.commit()
      case 13:
        store.rollback()
        model.rollback()
      case 14: try store.compact()
      default:
        store = HostileStore(memory: HostileFlash(pageSize: 256, bytes: store.memory.bytes))
        try store.mount()
        model.rollback()
      }
      let seen = store.contents(of: Self.keys)
      #expect(seen == model.open)
      let committed = Boot.from(store.memory.bytes, pageSize: 256).outcome
      #expect(committed == .contents(model.committed))
    }
  }

  private func put(
    _ key: UInt32, _ value: [UInt8], _ store: inout HostileStore, _ model: inout StoreModel
  ) throws {
    do throws(StatusWord) {
      try store.put(RecordKey(testing: key), value.span)
      model.put(key, value)
    } catch {
      #expect(error == .notEnoughMemory)
      #expect(model.size + RecordHeader.span(of: value.count) + HostileStore.reserve > 2048)
    }
  }

  @Test("is empty after formatting, also over old contents")
  func formatting() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 256, pageCount: 4))
    try store.format()
    try store.put(RecordKey(1, part: 1), [1, 2, 3].span)
    try store.commit()
    try store.format()
    let again = Boot.from(store.memory.bytes, pageSize: 256).outcome
    #expect(again == .contents([:]))
  }

  @Test("answers parts of values, and nothing past their ends")
  func reading() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 256, pageCount: 4))
    try store.format()
    let key = RecordKey(7, part: 3)
    try store.put(key, [10, 11, 12, 13, 14, 15, 16, 17, 18].span)
    var part: [UInt8] = [9]
    let isThere = store.read(key, 1..<9, into: &part)
    #expect(isThere)
    #expect(part == [9, 11, 12, 13, 14, 15, 16, 17, 18])
    let isPast = store.read(key, 1..<10, into: &part)
    let isOther = store.read(RecordKey(7, part: 4), 0..<0, into: &part)
    #expect(!isPast && !isOther)
    #expect(part.count == 9)
    let (first, length) = (store.byte(key), store.length(of: key))
    #expect(first == 10 && length == 9)
  }

  @Test("keeps two transactions apart for more rounds than their numbers have")
  func sequenceNumbers() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 8))
    try store.format()
    for round in 0..<600 {
      try store.put(RecordKey(1, part: 0), [UInt8(round & 0xFF)].span)
      if round.isMultiple(of: 3) { try store.commit() } else { store.rollback() }
      let last = UInt8((round - round % 3) & 0xFF)
      let boot = Boot.from(store.memory.bytes, pageSize: 64).outcome
      #expect(boot == .contents([0x100: [last]]))
    }
  }

  @Test("wears all pages alike; the one with a half's header, erased on both ways, twice as much")
  func wear() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 8))
    try store.format()
    let (formatted, first) = (store.memory.wear, store.generation)
    for round in 0..<1000 {
      try store.put(RecordKey(1, part: 0), [UInt8(round & 0xFF)].span)
      try store.commit()
    }
    let turns = Int(store.generation - first)
    let wear = zip(store.memory.wear, formatted).map { $0 - $1 }
    // Nothing is erased but to turn from one half to the other.
    #expect((50...200).contains(turns))
    for (page, count) in wear.enumerated() {
      let expected = page.isMultiple(of: 4) ? turns : turns / 2
      #expect((expected...expected + 1).contains(count), "page \(page): \(count)")
    }
  }

  @Test("writes nothing for a commit, a rollback or a removal of nothing")
  func nothing() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 8))
    try store.format()
    let before = store.memory.operations.count
    try store.commit()
    store.rollback()
    try store.remove(RecordKey(1, part: 0))
    try store.commit()
    let after = store.memory.operations.count
    #expect(before == after)
  }
}
