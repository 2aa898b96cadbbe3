import Foundation
import Terminal
import Testing

@testable import VirtualReader

@Suite("Another program's card in a reader", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct CardProgramTests {
  /// The C card is where the build puts every product: beside the test bundle we run from.
  private func floorCard() throws -> String {
    let bundle = try #require(Bundle.main.executableURL)
    return bundle.deletingLastPathComponent().appendingPathComponent("softdna-floor-card").path
  }

  @Test("is in the second slot while it runs, and answers as many bytes as it is asked for")
  func secondSlot() throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    let program = try CardProgram([
      floorCard(), VPCDCardEnd.defaultHost, String(world.secondPort),
    ])
    #expect(
      try world.service.wait(for: .present, in: world.secondReaderName, timeout: .seconds(10)))
    let reader = try PCSCReader.connect(to: world.secondReaderName, service: world.service)
    let commands: [([UInt8], Int)] = [
      ([0x00, 0x84, 0x00, 0x00, 0x08], 8), ([0x00, 0xB0, 0x00, 0x00, 0x00], 256),
      ([0x00, 0x20, 0x00, 0x10], 0), ([0x00, 0xD6, 0x00, 0x00, 0x02, 0xAA, 0xBB], 0),
      ([0x00, 0x2A, 0x9E, 0x9A, 0x02, 0xAA, 0xBB, 0x00], 256),
      ([0x00, 0xA4, 0x00, 0x00, 0x02, 0x3F, 0x00, 0x10], 16),
    ]
    for (command, count) in commands {
      #expect(try reader.transmit(command) == [UInt8](repeating: 0, count: count) + [0x90, 0x00])
    }
    program.stop()
    #expect(
      try world.service.wait(for: .absent, in: world.secondReaderName, timeout: .seconds(10)))
  }

  @Test("alone makes a world, and leaves nothing behind")
  func bareWorld() throws {
    let scratch = try ScratchDirectory()
    let world = try BareWorld.start(
      program: [floorCard()], configuration: scratch.configuration)
    #expect(scratch.entries.count == 1)
    world.stop()
    #expect(scratch.entries.isEmpty)
    #expect(scratch.processes.isEmpty)
  }

  @Test("that does not exist is told of, and no world stays")
  func missing() throws {
    let scratch = try ScratchDirectory()
    #expect {
      try BareWorld.start(program: ["/nowhere/at-all"], configuration: scratch.configuration)
    } throws: {
      "\($0)".contains("/nowhere/at-all")
    }
    #expect(scratch.entries.isEmpty)
  }
}
