import FlashTesting
import ISO7816
import Testing

@testable import Firmware

@Suite("A power cut") struct PowerCutTests {
  /// A scripted life of a store: every operation on its memory, and what held when.
  struct Life {
    var operations: [HostileFlash.Operation] = []
    /// How many operations were done at each barrier.
    var barriers: Set<Int> = []
    /// How many operations were done when each state had become true; the first is formatting.
    var states: [(operations: Int, contents: Contents)] = []
    let pageSize: Int
    let pageCount: Int
    var compactions = 0
  }

  /// Transactions of one to three changes, some taken back, until the half was full several times.
  static func live(pageSize: Int, pageCount: Int, longest: UInt64, commits: Int, seed: UInt64)
    -> Life
  {
    var bits = SeededBits(seed)
    var life = Life(pageSize: pageSize, pageCount: pageCount)
    var store = HostileStore(memory: HostileFlash(pageSize: pageSize, pageCount: pageCount))
    do throws(StatusWord) {
      try store.format()
      life.states.append((store.memory.operations.count, [:]))
      while life.states.count <= commits {
        let generation = store.generation
        for _ in 0...bits.next() % 3 {
          let key = RecordKey(UInt16(bits.next() % 3), part: 0)
          if bits.next() % 8 == 0 {
            try store.remove(key)
          } else {
            try store.put(key, bits.bytes(Int(bits.next() % longest)).span, mayUseReserve: true)
          }
        }
        if bits.next() % 5 == 0 {
          store.rollback()
        } else {
          try store.commit()
          life.states.append((store.memory.operations.count, store.committedContents))
        }
        if store.generation != generation { life.compactions += 1 }
      }
    } catch {
      Issue.record(error)
    }
    life.operations = store.memory.operations
    life.barriers = Set(store.memory.barriers)
    return life
  }

  /// Calls `body` for each operation and each manner of interrupting it, and for what may be left
  /// where it and those since the last barrier arrive in any order, with the image that leaves and
  /// the states that may hold in it.
  static func forEachCut(
    of life: Life, seed: UInt64 = 0,
    _ body: (_ cut: String, _ image: [UInt8], _ allowed: [Contents]) -> Void
  ) {
    var bytes = [UInt8](repeating: 0xFF, count: life.pageSize * life.pageCount)
    var last = 0
    var settled = (operations: 0, bytes: bytes)
    for (number, operation) in life.operations.enumerated() {
      if life.barriers.contains(number) { settled = (number, bytes) }
      while last + 1 < life.states.count, life.states[last + 1].operations <= number { last += 1 }
      if number >= life.states[0].operations {
        let isLastOfCommit =
          last + 1 < life.states.count && life.states[last + 1].operations == number + 1
        for manner in HostileFlash.Cut.allCases {
          var image = bytes
          HostileFlash.interrupt(
            operation, manner, in: &image, pageSize: life.pageSize,
            seed: seed &+ UInt64(number))
          var allowed: [Contents] = []
          if manner != .unacknowledged || !isLastOfCommit {
            allowed.append(life.states[last].contents)
          }
          if manner != .notStarted, isLastOfCommit {
            allowed.append(life.states[last + 1].contents)
          }
          body("operation \(number) \(manner)", image, allowed)
        }
        for order in UInt64(0)..<4 {
          var image = settled.bytes
          HostileFlash.reorder(
            life.operations[settled.operations...number], in: &image, pageSize: life.pageSize,
            seed: seed &+ UInt64(number) << 8 &+ order)
          let allowed = life.states[last...(isLastOfCommit ? last + 1 : last)].map(\.contents)
          body("operation \(number) reordered \(order)", image, allowed)
        }
      }
      HostileFlash.interrupt(operation, .unacknowledged, in: &bytes, pageSize: life.pageSize)
    }
  }

  @Test("leaves the state before or after the transaction, at every operation")
  func everyOperation() {
    let life = Self.live(pageSize: 64, pageCount: 16, longest: 90, commits: 45, seed: 11)
    #expect(life.compactions > 5)
    var cuts = 0
    for seed in UInt64(0)..<2 {
      Self.forEachCut(of: life, seed: seed << 32) { cut, image, allowed in
        cuts += 1
        let boot = Boot.from(image, pageSize: life.pageSize)
        #expect(allowed.map(Boot.contents).contains(boot.outcome), "\(cut)")
        // What mounting healed stays healed.
        let again = Boot.from(boot.bytes, pageSize: life.pageSize)
        #expect(again.outcome == boot.outcome, "\(cut), mounted twice")
        #expect(again.operations.isEmpty, "\(cut), mounted twice")
      }
    }
    #expect(cuts > 10_000)
  }

  @Test("during the healing of another one leaves the same state")
  func secondCut() {
    let life = Self.live(pageSize: 32, pageCount: 16, longest: 18, commits: 20, seed: 5)
    #expect(life.compactions > 1)
    var cuts = 0
    Self.forEachCut(of: life) { cut, image, allowed in
      let healing = Boot.from(image, pageSize: life.pageSize)
      var bytes = image
      for (number, operation) in healing.operations.enumerated() {
        for manner in HostileFlash.Cut.allCases {
          var second = bytes
          HostileFlash.interrupt(
            operation, manner, in: &second, pageSize: life.pageSize, seed: UInt64(number))
          let boot = Boot.from(second, pageSize: life.pageSize)
          #expect(boot.outcome == healing.outcome, "\(cut), then \(number) \(manner)")
          cuts += 1
        }
        HostileFlash.interrupt(operation, .unacknowledged, in: &bytes, pageSize: life.pageSize)
      }
      #expect(allowed.map(Boot.contents).contains(healing.outcome), "\(cut)")
    }
    #expect(cuts > 20_000)
  }

  @Test("stops the store until it is mounted again", arguments: HostileFlash.Cut.allCases)
  func liveStore(manner: HostileFlash.Cut) throws {
    for operation in 0..<90 {
      var memory = HostileFlash(pageSize: 64, pageCount: 8)
      memory.cutPower(during: operation + 9, manner, seed: UInt64(operation))
      var store = HostileStore(memory: memory)
      do throws(StatusWord) { try store.format() } catch { continue }
      var last: [UInt8]?
      var next: [UInt8] = []
      var error: StatusWord?
      for number in 0..<20 where error == nil {
        next = [UInt8](repeating: UInt8(number), count: 20)
        do throws(StatusWord) {
          try store.put(RecordKey(1, part: 0), next.span)
          try store.commit()
          last = next
        } catch let caught { error = caught }
      }
      #expect(error == .memoryFailure)
      #expect(throws: StatusWord.memoryFailure) {
        try store.put(RecordKey(2, part: 0), next.span)
      }
      let boot = Boot.from(store.memory.bytes, pageSize: 64).outcome
      let states: [Boot] = [.contents(last.map { [0x100: $0] } ?? [:]), .contents([0x100: next])]
      #expect(states.contains(boot), "operation \(operation)")
    }
  }
}
