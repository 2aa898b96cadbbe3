import FlashTesting
import ISO7816

@testable import Firmware

typealias Contents = [UInt32: [UInt8]]

/// What a record store should hold: nothing but dictionaries.
struct StoreModel {
  private(set) var committed: Contents = [:]
  private(set) var open: Contents = [:]
  private var touched: [(key: UInt32, length: Int)] = []

  mutating func put(_ key: UInt32, _ value: [UInt8]) {
    open[key] = value
    touched.append((key, value.count))
  }

  mutating func remove(_ key: UInt32) {
    guard open[key] != nil else { return }
    open[key] = nil
    touched.append((key, 0))
  }

  mutating func commit() {
    committed = open
    touched = []
  }

  mutating func rollback() {
    open = committed
    touched = []
  }

  /// Bytes that committed values and open transaction take in a half with nothing else in it.
  var size: Int {
    committed.values.reduce(committed.isEmpty ? 32 : 16) { $0 + RecordHeader.span(of: $1.count) }
      + touched.reduce(0) { $0 + RecordHeader.span(of: $1.length) }
  }
}

/// A record store over hostile flash.
typealias HostileStore = RecordStore<HostileFlash>

extension RecordStore where Memory: ~Copyable {
  /// Everything that holds, and what the open transaction adds to it.
  func contents(of keys: some Sequence<UInt32>) -> Contents {
    var contents: Contents = [:]
    for key in keys {
      var value: [UInt8] = []
      if read(RecordKey(testing: key), into: &value) { contents[key] = value }
    }
    return contents
  }

  /// Every committed value under whatever key.
  var committedContents: Contents {
    contents(of: entries.map(\.key.rawValue))
  }
}

extension RecordKey {
  init(testing rawValue: UInt32) {
    self.init(
      UInt16(truncatingIfNeeded: rawValue >> 8), part: UInt8(truncatingIfNeeded: rawValue))
  }
}

/// What booting from an image leads to.
enum Boot: Equatable {
  case contents(Contents)
  case refused(MountFailure)

  /// Mounts an image; also answers what was done to the memory, and the memory.
  static func from(_ bytes: [UInt8], pageSize: Int) -> (
    outcome: Boot, operations: [HostileFlash.Operation], bytes: [UInt8]
  ) {
    var store = HostileStore(memory: HostileFlash(pageSize: pageSize, bytes: bytes))
    do throws(MountFailure) {
      try store.mount()
      return (.contents(store.committedContents), store.memory.operations, store.memory.bytes)
    } catch {
      return (.refused(error), store.memory.operations, store.memory.bytes)
    }
  }
}
