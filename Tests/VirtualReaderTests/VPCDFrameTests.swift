import Foundation
import FrameCheck
import Testing
import VirtualReader

@Suite("A vpcd frame")
struct VPCDFrameTests {
  private struct Decoded: Equatable {
    let frame: VPCDFrame
    let length: Int
  }

  private func decode(_ bytes: [UInt8]) -> Decoded? {
    guard let (frame, length) = VPCDFrame.decode(bytes.span) else { return nil }
    return Decoded(frame: frame, length: length)
  }

  @Test("comes out whole of every stream in the fuzzer's corpus, whatever the pieces")
  func corpus() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus/Frame")
    for file in try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    {
      let input = Array(try Data(contentsOf: file))
      #expect(FrameStream.defect(in: input) == nil, "\(file.lastPathComponent)")
    }
  }

  @Test(
    "is a control where its body is one of four bytes",
    arguments: [
      (UInt8(0), VPCDFrame.powerOff), (1, .powerOn), (2, .reset), (4, .getATR),
    ])
  func control(byte: UInt8, frame: VPCDFrame) throws {
    let bytes: [UInt8] = [0x00, 0x01, byte]
    let decoded = try #require(decode(bytes))
    #expect(decoded.frame == frame)
    #expect(decoded.length == 3)
  }

  @Test("is a command where its one byte is no control", arguments: [UInt8(3), 5, 0x80, 0xFF])
  func oneByteCommand(byte: UInt8) throws {
    let bytes: [UInt8] = [0x00, 0x01, byte]
    #expect(try #require(decode(bytes)).frame == .command(2..<3))
  }

  @Test("is a command where its body is empty: the card answers it, as everything else")
  func empty() throws {
    let bytes: [UInt8] = [0x00, 0x00, 0x00, 0x01]
    let decoded = try #require(decode(bytes))
    #expect(decoded.frame == .command(2..<2))
    #expect(decoded.length == 2)
  }

  @Test("is not there before its last byte is", arguments: 0..<7)
  func truncated(count: Int) {
    let bytes: [UInt8] = [0x00, 0x05, 0x00, 0x84, 0x00, 0x00, 0x08]
    #expect(decode(Array(bytes.prefix(count))) == nil)
  }

  @Test("leaves what follows it alone")
  func followed() throws {
    let bytes: [UInt8] = [0x00, 0x05, 0x00, 0x84, 0x00, 0x00, 0x08, 0x00, 0x01, 0x04]
    let decoded = try #require(decode(bytes))
    #expect(decoded.frame == .command(2..<7))
    #expect(decoded.length == 7)
  }

  @Test("holds up to 65,535 bytes, big-endian length first", arguments: [0, 1, 255, 256, 65_535])
  func roundTrip(count: Int) throws {
    let body = [UInt8](repeating: 0xA5, count: count)
    var bytes: [UInt8] = [0xFF]
    VPCDFrame.encode(body, into: &bytes)
    #expect(bytes.count == count + 2)
    let decoded = try #require(decode(bytes))
    #expect(decoded.length == bytes.count)
    guard case .command(let range) = decoded.frame else {
      Issue.record("not a command")
      return
    }
    #expect(Array(bytes[range]) == body)
  }

  @Test("says 6700 instead of a body it cannot hold")
  func tooLong() {
    var bytes: [UInt8] = []
    VPCDFrame.encode([UInt8](repeating: 0, count: 65_536), into: &bytes)
    #expect(bytes == [0x00, 0x02, 0x67, 0x00])
  }
}
