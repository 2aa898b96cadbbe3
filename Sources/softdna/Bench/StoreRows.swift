import Foundation
import HostFiles
import TokenHost

extension BenchmarkRow {
  /// Non-volatile memory.
  static let store = [
    BenchmarkRow(
      name: "nv-commit", title: "VERIFY on the image file: two transactions",
      floor: "write + fdatasync, twice"
    ) { site in
      let slot = try site.tokenOnDisk()
      let apdu = try site.verify()
      // As many bytes as one VERIFY leaves in the memory: half of them for each transaction.
      let before = slot.image
      try slot.succeed(apdu)
      let size = zip(before, slot.image).count { $0 != $1 } / 2
      let file = try BareFile(at: site.newPath(), record: size)
      var result = try Measurement.inTurns(
        .time, samples: site.amount(2000, quick: 50),
        subject: { try timed { try slot.succeed(apdu) } },
        floor: {
          try timed(batch: 1) {
            try file.write()
            try file.write()
          }
        })
      result.notes = ["\(size) bytes each"]
      return result
    }
  ]
}

/// A file that is written without any care but that it is on the disk.
final class BareFile {
  private let descriptor: Int32
  private let record: [UInt8]
  /// As long as a token's image: the file does not grow.
  private static let size = 128 * 1024
  private var position = 0

  /// - Parameter record: bytes in one write.
  init(at path: String, record: Int) throws {
    descriptor = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    self.record = [UInt8](repeating: 0x5A, count: record)
    let nothing = [UInt8](repeating: 0, count: Self.size)
    guard descriptor >= 0, pwrite(descriptor, nothing, Self.size, 0) == Self.size,
      fdatasync(descriptor) == 0
    else {
      throw FileFailure(path, .write, code: errno)
    }
  }

  deinit { close(descriptor) }

  /// Writes a record behind the one before and returns when it is on the disk.
  func write() throws {
    if position + record.count > Self.size { position = 0 }
    guard pwrite(descriptor, record, record.count, off_t(position)) == record.count,
      fdatasync(descriptor) == 0
    else { throw FileFailure("a file", .write, code: errno) }
    position += record.count
  }
}
