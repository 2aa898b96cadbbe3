import FlashTesting
import Foundation
import Terminal
import Testing
import TokenHost

@Suite("Other contents for a token's memory") struct ImageReplacementTests {
  private let folder: TemporaryFolder
  private var path: String { folder.path("token.nv") }

  init() throws {
    folder = try TemporaryFolder()
    try Data(try IssuedImage.get().bytes).write(to: URL(fileURLWithPath: path))
  }

  private func withToken(_ body: (Slot) throws -> Void) throws {
    try body(try Slot(opening: path))
  }

  private func triesLeft(_ slot: Slot) throws -> UInt8 {
    try #require(try slot.transmit([0x00, 0x20, 0x00, 0x10]).last) & 0x0F
  }

  private let wrongPIN: [UInt8] =
    [0x00, 0x20, 0x00, 0x10, 0x08] + [UInt8](repeating: 0x39, count: 8)

  @Test("are the token's at once, and the file's, and stay locked")
  func replace() throws {
    try withToken { slot in
      _ = try slot.powerOn()
      let before = slot.memoryImage
      let tries = try triesLeft(slot)
      _ = try slot.transmit(wrongPIN)
      #expect(try triesLeft(slot) == tries - 1)
      try slot.replaceMemory(with: before, file: path)
      #expect(slot.isPowered)
      #expect(try triesLeft(slot) == tries)
      #expect(throws: ImageError.self) { try Slot(opening: path) }
      // What happens afterwards goes to the file.
      _ = try slot.transmit(wrongPIN)
      #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == slot.memoryImage)
      #expect(
        try FileManager.default.contentsOfDirectory(
          atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path) == ["token.nv"])
    }
  }

  @Test("are refused where they are no sound image; the token stays what it was")
  func refused() throws {
    try withToken { slot in
      _ = try slot.powerOn()
      let before = slot.memoryImage
      var damaged = before
      for index in 64..<80 { damaged[index] = 0 }
      for contents in [damaged, Array(before.dropLast()), [UInt8](repeating: 0xFF, count: 131_072)]
      {
        #expect(throws: ImageError.self) {
          try slot.replaceMemory(with: contents, file: path)
        }
        #expect(slot.memoryImage == before)
        #expect([UInt8](try Data(contentsOf: URL(fileURLWithPath: path))) == before)
        #expect(slot.isPowered)
      }
    }
  }

  @Test("leave a token without power without power, and a copy's file alone")
  func copy() throws {
    try withToken { slot in
      let contents = slot.memoryImage
      try slot.replaceMemory(with: contents, file: nil)
      #expect(!slot.isPowered)
    }
  }
}
