import BLETransport
import Foundation
import ISO7816
import Terminal
import Testing

/// A block of ble/PROFILE.md that programs read: lines of a word and its value.
private struct Block: CustomTestStringConvertible, Sendable {
  let lines: [(word: String, value: String)]

  var testDescription: String { lines.map { "\($0) \($1)" }.joined(separator: ", ") }

  /// All blocks of a kind: ```kind … ```.
  static func all(_ kind: String) throws -> [Block] {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../ble/PROFILE.md")
    let parts = try String(contentsOf: file, encoding: .utf8).components(separatedBy: "\n```")
    // What follows each fence that names the kind.
    return parts.filter { $0.hasPrefix(kind + "\n") }.map { part in
      Block(
        lines: part.split(separator: "\n").dropFirst().map { line in
          let words = line.split(separator: " ", maxSplits: 1)
          return (String(words[0]), words.count < 2 ? "" : words[1].filter { $0 != " " })
        })
    }
  }

  func values(_ word: String) -> [String] { lines.filter { $0.word == word }.map(\.value) }

  func bytes(_ word: String) throws -> [UInt8] {
    let value = try #require(values(word).first)
    return try #require(Hex.bytes(value))
  }

  func number(_ word: String) throws -> Int {
    let value = try #require(values(word).first)
    return try #require(Int(value))
  }
}

@Suite("The profile's text") struct ProfileTests {
  @Test func `Its messages have the frames and units it says`() throws {
    let blocks = try Block.all("vector")
    #expect(blocks.count >= 9)
    for block in blocks {
      let bytes = try block.bytes("message")
      let opcode = try #require(Opcode(rawValue: bytes[0]))
      let message = Message(opcode, id: bytes[1], payload: Array(bytes[2...]))
      let frames = try block.values("frame").map { try #require(Hex.bytes($0)) }
      let dataLength = Fragmentation.dataLength(mtu: try block.number("mtu"))
      #expect(Array(try Fragmentation(message, dataLength: dataLength)) == frames)
      #expect(message.serviceDataUnit == (try block.bytes("unit")))
      for order in [frames, frames.reversed()] {
        var reassembly = Reassembly(from: opcode.sender, maximumPayload: 65_535)
        let whole = try order.map { try reassembly.accept($0, at: .now) }
        #expect(whole.last == message)
        #expect(whole.dropLast().allSatisfy { $0 == nil })
      }
      let unit = try Message(
        serviceDataUnit: message.serviceDataUnit, from: opcode.sender, maximumPayload: 65_535)
      #expect(unit == message)
    }
  }

  @Test func `Its refusals are refused as it says`() throws {
    let blocks = try Block.all("refused")
    #expect(blocks.count >= 10)
    for block in blocks {
      var reassembly = Reassembly(from: .host, maximumPayload: 65_533)
      var writes = try block.values("write").map { try #require(Hex.bytes($0)) }
      let last = writes.removeLast()
      for write in writes { #expect(try reassembly.accept(write, at: .now) == nil) }
      let error = #expect(throws: FrameRefusal.self) {
        try reassembly.accept(last, at: .now)
      }
      #expect(error?.attError.rawValue == (try block.bytes("error").first))
    }
  }

  @Test func `Its refusals use up the ids it says`() throws {
    let blocks = try Block.all("ids")
    #expect(blocks.count >= 3)
    for block in blocks {
      var reassembly = Reassembly(from: .host, maximumPayload: 65_533)
      let writes = block.lines.indices.filter { block.lines[$0].word == "write" }
      #expect(writes.count == block.lines.count - writes.count)
      for index in writes {
        let value = try #require(Hex.bytes(block.lines[index].value))
        let outcome = block.lines[index + 1]
        do throws(FrameRefusal) {
          let message = try reassembly.accept(value, at: .now)
          #expect(outcome.word == (message == nil ? "nothing" : "taken"), "\(value)")
        } catch {
          #expect(outcome.word == "error", "\(value)")
          #expect(Hex.bytes(outcome.value) == [error.attError.rawValue], "\(value)")
        }
      }
    }
  }

  @Test func `Its units of the channel are answered as it says`() throws {
    let blocks = try Block.all("answered")
    #expect(blocks.count >= 4)
    for block in blocks {
      let unit = try #require(block.values("unit").first.map { Hex.bytes($0) ?? [] })
      let refusal = try #require(throws: FrameRefusal.self) {
        try Message(serviceDataUnit: unit, from: .host, maximumPayload: 65_533)
      }
      let answer = Message(
        .error, id: refusal.id ?? 0, payload: [refusal.errorCode.rawValue])
      #expect(answer.serviceDataUnit == (try block.bytes("answer")))
    }
  }

  @Test func `Its Info says what it says`() throws {
    let block = try #require(try Block.all("info").first)
    let value = try block.bytes("value")
    let info = try #require(Info(value))
    #expect(Int(info.maximumMessage) == (try block.number("message")))
    #expect(Int(info.maximumFragment) == (try block.number("fragment")))
    #expect(Int(info.features.rawValue) == (try block.number("features")))
    #expect(info.atr.bytes == (try block.bytes("atr")))
    #expect([info.state.rawValue] == (try block.bytes("state")))
    #expect(info.session == (try block.bytes("session")))
    #expect(info.value == value)
  }

  @Test func `Its UUIDs are the code's`() throws {
    let file = URL(filePath: #filePath).deletingLastPathComponent()
      .appending(path: "../../ble/PROFILE.md")
    let text = try String(contentsOf: file, encoding: .utf8)
    for (number, uuid) in [
      Profile.service, Profile.command, Profile.response, Profile.info, Profile.channelPSM,
    ].enumerated() {
      #expect(text.contains("| 000\(number + 1) |"))
      #expect(
        text.contains(
          uuid.replacingOccurrences(of: "000\(number + 1)-", with: "NNNN-")))
    }
  }
}
