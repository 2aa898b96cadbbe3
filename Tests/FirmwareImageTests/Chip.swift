import FlashTesting
import Foundation
import ISO7816
import Subprocess
import Testing

/// One answer of the token on the chip.
struct ChipReply {
  let bytes: [UInt8]
  /// Blocks of the heap the card took for it.
  let allocations: Int
  /// Bytes of the heap in use after it that were not before.
  let growth: Int
}

/// The image in the emulated machine.
struct Chip {
  /// The answers; the first is the ATR of the first power-on.
  let replies: [ChipReply]
  /// What the flash holds afterwards.
  let flash: [UInt8]
  /// What the image says of its size, and what went wrong.
  let console: String
  /// The exit status of the image.
  let status: TerminationStatus

  /// Continuous integration must not leave it out; at a desk it may be missing.
  static let isExpected: Bool = {
    let environment = ProcessInfo.processInfo.environment
    return environment["CI"] != nil
      || (environment["PATH"] ?? "").split(separator: ":").contains {
        FileManager.default.isExecutableFile(atPath: $0 + "/qemu-system-arm")
      }
  }()

  private static let root = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent().path

  /// The image, linked anew where a source is younger: make decides.
  private static let image = Task {
    let build = try await Subprocess.run(
      .name("make"), arguments: ["--silent", "-C", root, "embedded"],
      environment: .inherit.updating(["MAKEFLAGS": nil]),
      output: .string(limit: 1 << 20), error: .string(limit: 1 << 20))
    guard build.terminationStatus == .exited(0) else {
      throw ChipFailure(description: "make embedded: \(build.standardError)")
    }
    return root + "/.build-armv7em/softdna.elf"
  }

  /// Lets the token in `flash` answer commands in hexadecimal, and `reset`.
  init(flash: [UInt8], _ commands: [String]) async throws {
    let folder = try TemporaryFolder()
    try folder.write(flash, "token.nv")
    let lines = commands.map { $0.filter { $0 != " " } + "\n" }.joined()
    try folder.write(Array(lines.utf8), "commands.txt")
    let run = try await Subprocess.run(
      .name("sh"),
      arguments: [Self.root + "/Sources/FirmwareImage/run", Self.image.value, folder.path("")],
      output: .string(limit: 65_536), error: .string(limit: 65_536))
    status = run.terminationStatus
    console = run.standardOutput + run.standardError
    guard folder.has("replies.txt") else { throw ChipFailure(description: console) }
    replies = try String(decoding: folder.read("replies.txt"), as: UTF8.self)
      .split(separator: "\n").map { line in
        let fields = line.split(separator: " ")
        return ChipReply(
          bytes: try #require(Hex.bytes(String(fields[0]))),
          allocations: try #require(Int(fields[1])), growth: try #require(Int(fields[2])))
      }
    self.flash = folder.has("token.after.nv") ? try folder.read("token.after.nv") : []
  }

  /// A figure the image tells about itself.
  func figure(_ name: String) -> Int? {
    console.split(separator: "\n").lazy.filter { $0.hasPrefix(name + " ") }
      .compactMap { Int($0.dropFirst(name.count + 1)) }.first
  }
}

/// The image cannot be made, or the machine does not run it.
struct ChipFailure: Error, CustomStringConvertible { let description: String }
