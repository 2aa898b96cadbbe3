import Machine

/// What a command took of the heap: behind each reply, in this order.
struct HeapUse {
  /// Blocks taken since the beginning of the command.
  private(set) var allocations: UInt32
  /// Bytes in use now that were not in use then; negative where there were more.
  private(set) var growth: Int32

  /// Begins to measure.
  init() {
    allocations = machine_heap_allocations()
    growth = Int32(bitPattern: machine_heap_in_use())
  }

  /// Ends the measurement.
  mutating func end() {
    allocations = machine_heap_allocations() - allocations
    growth = Int32(bitPattern: machine_heap_in_use()) - growth
  }
}

/// The file with the replies.
struct ReplyLog: ~Copyable {
  private let file: HostFile
  private var line: [UInt8] = []

  /// A log that begins in an empty file.
  init(_ file: consuming HostFile) { self.file = file }

  /// Writes one line; false where the host did not take it.
  mutating func add(_ reply: [UInt8], _ use: HeapUse) -> Bool {
    line.removeAll(keepingCapacity: true)
    for byte in reply {
      line.append(hexDigit(byte >> 4))
      line.append(hexDigit(byte & 0x0F))
    }
    line.append(UInt8(ascii: " "))
    append(decimal: use.allocations)
    line.append(UInt8(ascii: " "))
    if use.growth < 0 { line.append(UInt8(ascii: "-")) }
    append(decimal: use.growth.magnitude)
    line.append(UInt8(ascii: "\n"))
    return unsafe line.withUnsafeBufferPointer { unsafe file.write($0) }
  }

  private mutating func append(decimal number: UInt32) {
    var divisor: UInt32 = 1_000_000_000
    while divisor > 1, number / divisor == 0 { divisor /= 10 }
    while divisor > 0 {
      line.append(UInt8(ascii: "0") + UInt8(number / divisor % 10))
      divisor /= 10
    }
  }

  private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
  }
}
