import Firmware
import Foundation
import HostFiles

/// Flash memory in a file, byte for byte, or in memory only.
///
/// The file is locked against a second process for as long as this value lives. `barrier` returns
/// when the file is on the disk (fdatasync); between barriers nothing is written, so that a killed
/// process leaves what a power cut would leave.
struct FlashImage: Flash, ~Copyable {
  /// Bytes in a page.
  let pageSize = 4096
  /// Pages: two halves of 64 KiB, as much as the product has.
  let pageCount = 32

  private var bytes: [UInt8]
  /// -1 for memory only.
  private let descriptor: Int32
  /// What was programmed since the last barrier.
  private var dirty: Range<Int>?

  /// Whose power it needs; nil where that cannot be cut.
  private var supply: PowerSupply?
  /// Units programmed since the last barrier, where power can be cut.
  private var unsettled: [Int] = []

  /// Erased memory that is gone with this value.
  init(supply: PowerSupply? = nil) {
    bytes = [UInt8](repeating: 0xFF, count: 32 * 4096)
    descriptor = -1
    self.supply = supply
  }

  /// The same contents in memory, under another supply.
  init(copying other: borrowing FlashImage, supply: PowerSupply) {
    bytes = other.bytes
    descriptor = -1
    self.supply = supply
    unsettled = other.unsettled
  }

  /// The memory in an existing image file.
  ///
  /// - Throws: where the file cannot be opened, is in use by another process or has another size.
  init(opening path: String) throws(ImageError) {
    (descriptor, bytes) = try Self.openWhole(path, size: Self.size)
  }

  /// What an image file holds now, in memory; the file is only read.
  ///
  /// - Throws: as `init(opening:)`.
  init(copying path: String) throws(ImageError) {
    let file = try Self.openLocked(path, O_RDONLY | O_CLOEXEC, LOCK_SH)
    defer { close(file) }
    bytes = try Self.contents(of: file, path, size: Self.size)
    descriptor = -1
  }

  /// The contents of an image, in memory.
  ///
  /// - Parameter path: what an error calls it.
  init(contents: [UInt8], path: String) throws(ImageError) {
    guard contents.count == Self.size else { throw Self.wrongSize(path, contents.count) }
    bytes = contents
    descriptor = -1
  }

  /// Everything it holds.
  var contents: [UInt8] { bytes }

  private static let size = 32 * 4096

  private static func wrongSize(_ path: String, _ found: Int) -> ImageError {
    ImageError(
      path: path, reason: "it has \(found) bytes; a token image has \(size)", isDamage: true)
  }

  /// An image file with other contents than before, or a new one. They take their place in one step,
  /// when they are on the disk: the file is locked by this value from before that.
  ///
  /// - Throws: where they have another size or cannot be written; the file is what it was then.
  static func replacing(_ path: String, by contents: [UInt8]) throws(ImageError) -> FlashImage {
    guard contents.count == size else { throw wrongSize(path, contents.count) }
    do throws(FileFailure) {
      let file = try NewFile(for: path)
      try file.write(contents)
      try file.takePlace()
      return FlashImage(locked: file.release(), contents)
    } catch {
      throw ImageError(error)
    }
  }

  private init(locked descriptor: Int32, _ contents: [UInt8]) {
    self.descriptor = descriptor
    bytes = contents
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  private static func openLocked(_ path: String, _ flags: Int32, _ lock: Int32 = LOCK_EX)
    throws(ImageError) -> Int32
  {
    // Without O_NONBLOCK a named pipe in the image's place would be waited for.
    let descriptor = open(path, flags | O_NONBLOCK, 0o600)
    guard descriptor >= 0 else { throw ImageError("open", path, errno) }
    guard flock(descriptor, lock | LOCK_NB) == 0 else {
      let code = errno
      close(descriptor)
      throw code == EWOULDBLOCK ? ImageError(inUse: path) : ImageError("lock", path, code)
    }
    // Opened before its owner replaced it, locked after: nobody would ever find it again.
    var status = stat()
    guard fstat(descriptor, &status) == 0, status.st_nlink > 0 else {
      close(descriptor)
      throw ImageError(inUse: path)
    }
    return descriptor
  }

  private static func openWhole(_ path: String, size: Int) throws(ImageError) -> (
    Int32, [UInt8]
  ) {
    let descriptor = try openLocked(path, O_RDWR | O_CLOEXEC)
    do throws(ImageError) {
      let bytes = try contents(of: descriptor, path, size: size)
      // What a killed process wrote last may be in the page cache only; what was read must last.
      guard fdatasync(descriptor) == 0 else { throw ImageError("write", path, errno) }
      return (descriptor, bytes)
    } catch {
      close(descriptor)
      throw error
    }
  }

  private static func contents(of descriptor: Int32, _ path: String, size: Int)
    throws(ImageError) -> [UInt8]
  {
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw ImageError("examine", path, errno) }
    guard Int(status.st_size) == size else { throw wrongSize(path, Int(status.st_size)) }
    var bytes = [UInt8](repeating: 0, count: size)
    var position = 0
    while position < size {
      let count = bytes.withUnsafeMutableBytes { buffer in
        pread(descriptor, buffer.baseAddress.map { $0 + position }, size - position, position)
      }
      guard count > 0 else { throw ImageError("read", path, errno) }
      position += count
    }
    return bytes
  }

  func byte(at address: Int) -> UInt8 { bytes[address] }

  func read(_ addresses: Range<Int>, into target: inout [UInt8]) {
    target.append(contentsOf: bytes[addresses])
  }

  mutating func program(_ unit: UInt64, at address: Int) throws(FlashFailure) {
    if let (kind, noise) = supply?.nextWrite() {
      try interruptProgramming(unit, at: address, kind, noise)
    }
    for offset in 0..<8 {
      // A cell takes a value once after each erase; a second one would come out as neither.
      guard bytes[address + offset] == 0xFF else { throw FlashFailure() }
      bytes[address + offset] = UInt8(truncatingIfNeeded: unit >> UInt64(8 * offset))
    }
    markDirty(address..<address + 8)
    if supply != nil { unsettled.append(address) }
  }

  mutating func erase(page: Int) throws(FlashFailure) {
    // What was programmed before the erasure must not come after it.
    try barrier()
    if let (kind, noise) = supply?.nextWrite() { try interruptErasure(of: page, kind, noise) }
    let range = page * pageSize..<(page + 1) * pageSize
    for address in range { bytes[address] = 0xFF }
    markDirty(range)
    try barrier()
  }

  mutating func barrier() throws(FlashFailure) {
    if supply?.isCut == true { throw FlashFailure() }
    defer {
      dirty = nil
      unsettled.removeAll(keepingCapacity: true)
    }
    guard let range = dirty, descriptor >= 0 else { return }
    var position = range.lowerBound
    while position < range.upperBound {
      let written = bytes.withUnsafeBytes { buffer in
        pwrite(
          descriptor, buffer.baseAddress.map { $0 + position }, range.upperBound - position,
          position)
      }
      guard written > 0 || errno == EINTR else { throw FlashFailure() }
      position += max(written, 0)
    }
    guard fdatasync(descriptor) == 0 else { throw FlashFailure() }
  }

  /// Power goes while a unit is programmed: a torn one has some of its zeros already.
  private mutating func interruptProgramming(
    _ unit: UInt64, at address: Int, _ kind: PowerCut, _ noise: UInt64
  ) throws(FlashFailure) {
    var stream = Noise(noise ^ UInt64(address))
    let value =
      switch kind {
      case .notStarted: UInt64.max
      case .torn: unit | stream.next()
      case .completed, .reordered: unit
      }
    for offset in 0..<8 {
      bytes[address + offset] &= UInt8(truncatingIfNeeded: value >> UInt64(8 * offset))
    }
    if kind == .reordered {
      for late in unsettled + [address] where stream.next() & 1 == 0 {
        for offset in 0..<8 { bytes[late + offset] = 0xFF }
      }
    }
    unsettled.removeAll(keepingCapacity: true)
    throw FlashFailure()
  }

  /// Power goes while a page is erased: a torn one has some of its ones already; on a disk some of
  /// its units are there and some are not.
  private mutating func interruptErasure(of page: Int, _ kind: PowerCut, _ noise: UInt64)
    throws(FlashFailure)
  {
    var stream = Noise(noise ^ UInt64(page))
    for address in stride(from: page * pageSize, to: (page + 1) * pageSize, by: 8) {
      let arrived: UInt64 =
        switch kind {
        case .notStarted: 0
        case .torn: stream.next()
        case .completed: .max
        case .reordered: stream.next() & 1 == 0 ? 0 : .max
        }
      for offset in 0..<8 {
        bytes[address + offset] |= UInt8(truncatingIfNeeded: arrived >> UInt64(8 * offset))
      }
    }
    throw FlashFailure()
  }

  private mutating func markDirty(_ range: Range<Int>) {
    guard let before = dirty else {
      dirty = range
      return
    }
    dirty =
      min(before.lowerBound, range.lowerBound)..<max(before.upperBound, range.upperBound)
  }
}
