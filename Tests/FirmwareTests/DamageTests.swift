import FlashTesting
import ISO7816
import Testing

@testable import Firmware

@Suite("A damaged image") struct DamageTests {
  /// An image, and the states it has had.
  struct Sample: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    /// Header and log of the live half up to the beginning of the last transaction.
    let settled: Range<Int>
    let history: [Contents]
    var lastTwo: ArraySlice<Contents> { history.suffix(2) }
    var testDescription: String { name }
  }

  static let pageSize = 128
  static let samples: [Sample] = [
    sample("one transaction after another", commits: 5, rollback: false),
    sample("ends in a transaction that was taken back", commits: 5, rollback: true),
    sample("compacted", commits: 14, rollback: false),
  ]

  static func sample(_ name: String, commits: Int, rollback: Bool) -> Sample {
    var bits = SeededBits(1)
    var store = HostileStore(memory: HostileFlash(pageSize: pageSize, pageCount: 8))
    var history: [Contents] = [[:]]
    var settled = 0
    do throws(StatusWord) {
      try store.format()
      for number in 0..<commits {
        settled = store.end
        try store.put(RecordKey(UInt16(number % 3), part: 0), bits.bytes(number * 5 % 23).span)
        try store.put(RecordKey(9, part: 1), bits.bytes(1).span)
        if number == 3 { try store.remove(RecordKey(0, part: 0)) }
        try store.commit()
        history.append(store.committedContents)
      }
      if rollback {
        settled = store.end
        try store.put(RecordKey(9, part: 9), bits.bytes(11).span)
        store.rollback()
      }
    } catch {
      Issue.record(error)
    }
    return Sample(
      name: name, bytes: store.memory.bytes, settled: store.base..<settled, history: history)
  }

  @Test(
    "is refused, or yields one of the two last states, whichever byte it is",
    arguments: samples)
  func everyByte(sample: Sample) {
    for address in sample.bytes.indices {
      for pattern: UInt8 in [1, 2, 4, 8, 16, 32, 64, 128, 0xFF, 0x0F, 0xA5] {
        var bytes = sample.bytes
        bytes[address] ^= pattern
        let boot = Boot.from(bytes, pageSize: Self.pageSize)
        switch boot.outcome {
        case .contents(let contents):
          #expect(
            sample.lastTwo.contains(contents),
            "flipping \(pattern) at \(address) gave a state that never was")
          // Only the last transaction can pass for torn; padding is nobody's.
          #expect(contents == sample.history.last || !sample.settled.contains(address))
        case .refused:
          #expect(boot.operations.isEmpty, "a refused image is left as it is")
        }
      }
    }
  }

  @Test(
    "is refused, or yields one of the two last states, whichever unit is lost",
    arguments: samples)
  func everyUnit(sample: Sample) {
    for address in stride(from: 0, to: sample.bytes.count, by: 8) {
      for value: UInt8 in [0x00, 0xFF, 0x5A] {
        var bytes = sample.bytes
        for offset in 0..<8 { bytes[address + offset] = value }
        guard case .contents(let contents) = Boot.from(bytes, pageSize: Self.pageSize).outcome
        else { continue }
        #expect(sample.lastTwo.contains(contents), "unit at \(address)")
      }
    }
  }

  @Test("never stops the firmware, however it is damaged", arguments: samples)
  func manyBytes(sample: Sample) {
    var bits = SeededBits(2)
    for _ in 0..<500 {
      var bytes = sample.bytes
      for _ in 0..<1 + bits.next() % 40 {
        bytes[Int(bits.next() % UInt64(bytes.count))] = UInt8(truncatingIfNeeded: bits.next())
      }
      _ = Boot.from(bytes, pageSize: Self.pageSize)
    }
  }

  @Test("is refused without being touched where both halves stand and the younger is damaged")
  func bothHalves() throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 8))
    try store.format()
    try store.put(RecordKey(1, part: 0), [1, 2, 3].span)
    try store.commit()
    let old = store.memory.bytes
    try store.compact()
    var bytes = store.memory.bytes
    // Power went before the older half was erased.
    let younger = store.base..<store.limit
    for address in bytes.indices where !younger.contains(address) { bytes[address] = old[address] }
    let sound = Boot.from(bytes, pageSize: 64)
    #expect(sound.outcome == .contents([0x100: [1, 2, 3]]))
    #expect(sound.operations == [.erase(page: younger.lowerBound == 0 ? 4 : 0)])
    bytes[younger.lowerBound + 16 + 9] ^= 0x01
    let damaged = Boot.from(bytes, pageSize: 64)
    #expect(damaged.outcome == .refused(.damagedRecord(address: younger.lowerBound + 16)))
    #expect(damaged.operations.isEmpty)
  }

  @Test("that is blank, foreign or cut off is refused for what it is")
  func otherImages() throws {
    let blank = [UInt8](repeating: 0xFF, count: 1024)
    #expect(Boot.from(blank, pageSize: 128).outcome == .refused(.blank))
    let zeros = [UInt8](repeating: 0x00, count: 1024)
    #expect(Boot.from(zeros, pageSize: 128).outcome == .refused(.noLiveHalf))
    var bits = SeededBits(3)
    #expect(Boot.from(bits.bytes(1024), pageSize: 128).outcome == .refused(.noLiveHalf))
    for sample in Self.samples {
      for count in stride(from: 0, to: sample.bytes.count, by: 8) {
        let rest = [UInt8](repeating: 0xFF, count: sample.bytes.count - count)
        guard
          case .contents(let contents) =
            Boot.from(Array(sample.bytes[..<count]) + rest, pageSize: Self.pageSize).outcome
        else { continue }
        // A log that is cut off is what it was when it was that long.
        #expect(sample.history.contains(contents))
      }
      for pages in [2, 4, 6] {
        let part = Array(sample.bytes[..<(pages * Self.pageSize)])
        if case .contents(let contents) = Boot.from(part, pageSize: Self.pageSize).outcome {
          #expect(sample.lastTwo.contains(contents))
        }
      }
    }
  }

  @Test("of a later format is refused with the number of the format")
  func laterFormat() {
    var memory = HostileFlash(pageSize: 64, pageCount: 4)
    let header = HalfHeader(version: 2, generation: 1)
    do throws(FlashFailure) {
      try memory.program(header.identity, at: 0)
      try memory.program(header.confirmation, at: 8)
    } catch {
      Issue.record(error)
    }
    let boot = Boot.from(memory.bytes, pageSize: 64)
    #expect(boot.outcome == .refused(.unsupportedVersion(2)))
    #expect(boot.operations.isEmpty)
  }
}
