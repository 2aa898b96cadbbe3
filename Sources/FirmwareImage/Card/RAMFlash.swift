import Firmware
import Machine

/// Memory of the machine that behaves as flash does: a unit takes a value once after each erase.
///
/// There is one, so there must not be two of these.
@safe struct RAMFlash: Flash, ~Copyable {
  /// Bytes in a page.
  let pageSize = 4096
  /// Pages: as many as the memory has.
  let pageCount: Int
  private let bytes: UnsafeMutableBufferPointer<UInt8>

  /// The machine's flash, with what it holds.
  init() {
    let count = machine_flash_size()
    unsafe bytes = UnsafeMutableBufferPointer(start: machine_flash(), count: count)
    pageCount = count / 4096
  }

  /// Fills the memory from a file of the host; false where that is shorter.
  func load(_ file: borrowing HostFile) -> Bool { unsafe file.read(into: bytes) == bytes.count }

  /// Writes the memory into a file of the host; false where the host did not take it.
  func save(_ file: borrowing HostFile) -> Bool {
    unsafe file.write(UnsafeBufferPointer(bytes))
  }

  func byte(at address: Int) -> UInt8 { unsafe bytes[address] }

  func read(_ addresses: Range<Int>, into target: inout [UInt8]) {
    for address in addresses { unsafe target.append(bytes[address]) }
  }

  mutating func program(_ unit: UInt64, at address: Int) throws(FlashFailure) {
    for offset in 0..<8 {
      guard unsafe bytes[address + offset] == 0xFF else { throw FlashFailure() }
      unsafe bytes[address + offset] = UInt8(truncatingIfNeeded: unit >> UInt64(8 * offset))
    }
  }

  mutating func erase(page: Int) throws(FlashFailure) {
    for address in page * pageSize..<(page + 1) * pageSize { unsafe bytes[address] = 0xFF }
  }

  /// Nothing waits: a byte is in the memory when it was written.
  mutating func barrier() throws(FlashFailure) {}
}
