public import Firmware

/// Flash memory that is as unforgiving as a chip's: a unit that is programmed twice without an
/// erasure between stops the test, and power may go in the middle of any operation.
public struct HostileFlash: Flash, ~Copyable {
  /// What changes the memory.
  public enum Operation: Equatable, Sendable {
    /// One unit is programmed.
    case program(UInt64, address: Int)
    /// One page is erased.
    case erase(page: Int)
  }

  /// What becomes of the operation during which power goes.
  public enum Cut: CaseIterable, Sendable {
    /// It never began.
    case notStarted
    /// Some of the bits changed that should.
    case torn
    /// It was finished, but nobody was told.
    case unacknowledged
  }

  /// Bytes in a page.
  public let pageSize: Int
  /// Number of pages.
  public let pageCount: Int
  /// What the cells hold.
  public private(set) var bytes: [UInt8]
  /// Everything that was done to the cells since this value was made, in order.
  public private(set) var operations: [Operation] = []
  /// How many of `operations` were done at each barrier and before and after each erasure.
  public private(set) var barriers: [Int] = []
  /// How often each page was erased: what wears a chip out.
  public private(set) var wear: [Int]
  /// Units that hold a value since the last erasure of their page.
  private var isProgrammed: [Bool]
  private var hasPower = true
  private var cut: (operation: Int, manner: Cut, seed: UInt64)?

  /// Erased memory.
  public init(pageSize: Int, pageCount: Int) {
    self.init(pageSize: pageSize, bytes: [UInt8](repeating: 0xFF, count: pageSize * pageCount))
  }

  /// Memory with these contents.
  public init(pageSize: Int, bytes: [UInt8]) {
    self.pageSize = pageSize
    self.bytes = bytes
    pageCount = bytes.count / pageSize
    wear = [Int](repeating: 0, count: pageCount)
    isProgrammed = stride(from: 0, to: bytes.count, by: 8).map { address in
      bytes[address..<address + 8].contains { $0 != 0xFF }
    }
  }

  /// Lets power go during the operation with this number, counted from 0; the seed chooses the bits
  /// of a torn one.
  public mutating func cutPower(during operation: Int, _ manner: Cut, seed: UInt64 = 0) {
    cut = (operation, manner, seed)
  }

  /// The byte at an address.
  public func byte(at address: Int) -> UInt8 { bytes[address] }

  /// Appends the bytes at these addresses.
  public func read(_ addresses: Range<Int>, into target: inout [UInt8]) {
    target.append(contentsOf: bytes[addresses])
  }

  /// Programs a unit that must be erased.
  public mutating func program(_ unit: UInt64, at address: Int) throws(FlashFailure) {
    precondition(address.isMultiple(of: 8), "a unit begins at a multiple of 8")
    precondition(!hasPower || !isProgrammed[address / 8], "programmed twice without an erasure")
    try perform(.program(unit, address: address))
    isProgrammed[address / 8] = true
  }

  /// Erases a page.
  public mutating func erase(page: Int) throws(FlashFailure) {
    try barrier()
    // Power that goes in the middle leaves as much wear.
    if hasPower { wear[page] += 1 }
    try perform(.erase(page: page))
    try barrier()
    for unit in page * pageSize / 8..<(page + 1) * pageSize / 8 { isProgrammed[unit] = false }
  }

  /// Everything is durable at once here.
  public mutating func barrier() throws(FlashFailure) {
    guard hasPower else { throw FlashFailure() }
    barriers.append(operations.count)
  }

  private mutating func perform(_ operation: Operation) throws(FlashFailure) {
    guard hasPower else { throw FlashFailure() }
    if let cut, cut.operation == operations.count {
      hasPower = false
      Self.interrupt(operation, cut.manner, in: &bytes, pageSize: pageSize, seed: cut.seed)
      throw FlashFailure()
    }
    Self.interrupt(operation, .unacknowledged, in: &bytes, pageSize: pageSize)
    operations.append(operation)
  }

  /// Does to `bytes` what is left of operations that were on their way in any order when power went:
  /// some arrived.
  public static func reorder(
    _ operations: some Sequence<Operation>, in bytes: inout [UInt8], pageSize: Int, seed: UInt64
  ) {
    var bits = SeededBits(seed)
    for operation in operations where bits.next() & 1 == 1 {
      interrupt(operation, .unacknowledged, in: &bytes, pageSize: pageSize)
    }
  }

  /// Does to `bytes` what an operation does that is interrupted in this manner.
  public static func interrupt(
    _ operation: Operation, _ manner: Cut, in bytes: inout [UInt8], pageSize: Int,
    seed: UInt64 = 0
  ) {
    var bits = SeededBits(seed)
    func takes() -> UInt8 {
      switch manner {
      case .notStarted: 0x00
      case .torn: UInt8(truncatingIfNeeded: bits.next())
      case .unacknowledged: 0xFF
      }
    }
    switch operation {
    case .program(let unit, let address):
      // Programming clears the bits that are zero in the unit.
      for offset in 0..<8 {
        let value = UInt8(truncatingIfNeeded: unit >> UInt64(8 * offset))
        bytes[address + offset] &= ~(~value & takes())
      }
    case .erase(let page):
      for address in page * pageSize..<(page + 1) * pageSize { bytes[address] |= takes() }
    }
  }
}

/// A reproducible stream of bits (SplitMix64).
public struct SeededBits: RandomNumberGenerator, Sendable {
  private var state: UInt64

  /// The stream of a seed.
  public init(_ seed: UInt64) { state = seed }

  /// The next 64 bits.
  public mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ mixed >> 30) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ mixed >> 27) &* 0x94D0_49BB_1331_11EB
    return mixed ^ mixed >> 31
  }

  /// Some bytes.
  public mutating func bytes(_ count: Int) -> [UInt8] {
    (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
  }
}
