import FlashTesting
import ISO7816
import Testing

@testable import Firmware

/// Damage at the end of the log, which a store could take for a power cut.
@Suite("The end of a log") struct LostPageTests {
  typealias Sample = DamageTests.Sample

  private static func live(_ sample: Sample) -> Range<Int> {
    let half = sample.bytes.count / 2
    let base = sample.settled.lowerBound / half * half
    return base..<base + half
  }

  @Test(
    "that was zeroed is refused and left as it is; zeros behind erased units change nothing",
    arguments: DamageTests.samples)
  func zeroed(sample: Sample) throws {
    let live = Self.live(sample)
    let last = try #require(sample.history.last)
    let written = try #require(sample.bytes[live].lastIndex { $0 != 0xFF })
    let logEnd = written / 8 * 8 + 8
    for start in stride(from: live.lowerBound, to: live.upperBound, by: 8) {
      let page = start / DamageTests.pageSize * DamageTests.pageSize + DamageTests.pageSize
      for end in Set([start + 8, page, live.upperBound]) {
        var bytes = sample.bytes
        for address in start..<end { bytes[address] = 0 }
        let boot = Boot.from(bytes, pageSize: DamageTests.pageSize)
        // A lost header may be what stands in front of them: the token is what it was.
        if start >= logEnd + 8 {
          if boot.outcome == .contents(last) { continue }
        }
        guard case .refused = boot.outcome else {
          Issue.record("zeros at \(start)..<\(end) were healed")
          continue
        }
        #expect(boot.operations.isEmpty)
      }
    }
  }

  @Test("with two pages in each other's place is refused, or is what it was")
  func swapped() {
    for sample in DamageTests.samples {
      let size = DamageTests.pageSize
      let pages = Array(Self.live(sample).lowerBound / size..<Self.live(sample).upperBound / size)
      for first in pages {
        for second in pages where second > first {
          var bytes = sample.bytes
          for offset in 0..<size { bytes.swapAt(first * size + offset, second * size + offset) }
          let boot = Boot.from(bytes, pageSize: size)
          if case .contents(let contents) = boot.outcome {
            #expect(sample.lastTwo.contains(contents))
          } else {
            #expect(boot.operations.isEmpty)
          }
        }
      }
    }
  }

  @Test("of a log from which a transaction is missing is refused", arguments: [1, 2, 3])
  func missing(number: Int) throws {
    var store = HostileStore(memory: HostileFlash(pageSize: 64, pageCount: 8))
    try store.format()
    var ends = [store.end]
    for value in UInt8(0)..<5 {
      try store.put(RecordKey(UInt16(value), part: 0), [value].span)
      try store.commit()
      ends.append(store.end)
    }
    var bytes = store.memory.bytes
    let gap = ends[number]..<ends[number + 1]
    for address in gap.lowerBound..<store.limit {
      bytes[address] = address + gap.count < store.limit ? bytes[address + gap.count] : 0xFF
    }
    let boot = Boot.from(bytes, pageSize: 64)
    #expect(boot.outcome == .refused(.damagedRecord(address: gap.lowerBound)))
    #expect(boot.operations.isEmpty)
  }

  @Test("that is a header power went in is healed, whatever length the half-programmed unit tells")
  func tornHeader() throws {
    let sample = DamageTests.samples[0]
    var store = HostileStore(
      memory: HostileFlash(pageSize: DamageTests.pageSize, bytes: sample.bytes))
    try store.mount()
    let header = RecordHeader(
      kind: RecordHeader.put, key: RecordKey(9, part: 1), length: 1, sequence: store.sequence)
    var bits = SeededBits(6)
    var tried = 0
    while tried < 40 {
      let torn = header.unit | bits.next()
      guard torn != header.unit, let wrong = RecordHeader(unit: torn) else { continue }
      // By chance the check byte is right, and the record it tells of has no room.
      guard store.end + wrong.span > store.limit else { continue }
      tried += 1
      var bytes = sample.bytes
      for offset in 0..<8 {
        bytes[store.end + offset] = UInt8(truncatingIfNeeded: torn >> UInt64(8 * offset))
      }
      let boot = Boot.from(bytes, pageSize: DamageTests.pageSize)
      #expect(boot.outcome == .contents(try #require(sample.history.last)))
    }
  }
}
