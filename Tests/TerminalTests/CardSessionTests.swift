import ISO7816
import Synchronization
import Terminal
import Testing

/// A wire with a script: for each command that must come, the answer.
final class ScriptedChannel: CardChannel {
  private let script: Mutex<[(command: String, answer: String)]>

  init(_ script: [(String, String)]) { self.script = Mutex(script.map { ($0, $1) }) }

  func powerOn() throws(ChannelError) -> ATR { ATR([0x3B, 0x00]) }
  func powerOff() throws(ChannelError) {}
  func reset() throws(ChannelError) -> ATR { ATR([0x3B, 0x00]) }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    var sent: [UInt8] = []
    for index in 0..<command.count { sent.append(command[index]) }
    let next = script.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    guard let next else {
      throw ChannelError(
        .noCard, attempt: "go on", reason: "\(Hex.text(sent)) is not in the script")
    }
    #expect(Hex.text(sent) == next.command.filter { $0 != " " })
    response = Hex.bytes(next.answer) ?? []
  }

  var isFinished: Bool { script.withLock { $0.isEmpty } }
}

@Suite("A card session") struct CardSessionTests {
  private static func hex(_ byte: String, _ count: Int) -> String {
    String(repeating: byte, count: count)
  }

  /// Sends a command over a script that must be used up.
  private func response(
    to script: [(String, String)], ins: UInt8 = 0x2A, data: [UInt8] = [], ne: Int? = nil
  ) throws -> CardResponse {
    let channel = ScriptedChannel(script)
    let response = try CardSession(channel).send(ins: ins, data: data, ne: ne)
    #expect(channel.isFinished)
    return response
  }

  @Test("sends short data in one command")
  func short() throws {
    let data = [UInt8](repeating: 7, count: 255)
    let answer = try response(
      to: [("002A0000FF" + Self.hex("07", 255) + "00", "AABB9000")], data: data, ne: 256)
    #expect(answer == CardResponse(data: [0xAA, 0xBB], status: .success))
  }

  @Test("chains longer data in parts of 255 bytes")
  func chaining() throws {
    let data = [UInt8](repeating: 7, count: 511)
    let part = "102A0000FF" + Self.hex("07", 255)
    let answer = try response(
      to: [(part, "9000"), (part, "9000"), ("002A000001 07 10", "019000")], data: data, ne: 16)
    #expect(answer == CardResponse(data: [1], status: .success))
    let exact = try response(
      to: [(part, "9000"), ("002A0000FF" + Self.hex("07", 255), "9000")],
      data: [UInt8](repeating: 7, count: 510))
    #expect(exact.status == .success)
  }

  @Test("ends a chain that is refused")
  func refusedChain() throws {
    let answer = try response(
      to: [("102A0000FF" + Self.hex("07", 255), "6884")],
      data: [UInt8](repeating: 7, count: 300), ne: 256)
    #expect(answer == CardResponse(data: [], status: .commandChainingNotSupported))
  }

  @Test("fetches everything that waits, and tells the last status word")
  func gettingResponses() throws {
    let answer = try response(
      to: [
        ("0084000000", "01026104"), ("00C0000004", "0304 6102"), ("00C0000002", "0506 6282"),
      ], ins: 0x84, ne: 256)
    #expect(answer == CardResponse(data: [1, 2, 3, 4, 5, 6], status: .endOfFileReached))
    let many = try response(
      to: [("0084000000", "6100"), ("00C0000000", "AA9000")], ins: 0x84, ne: 256)
    #expect(many.data == [0xAA])
  }

  @Test("asks again with the right Le, whatever the case of the command")
  func wrongLe() throws {
    let second = try response(
      to: [("0084000010", "6C08"), ("0084000008", "01029000")], ins: 0x84, ne: 16)
    #expect(second.data == [1, 2])
    let fourth = try response(
      to: [("002A000002 0506 00", "6C02"), ("002A000002 0506 02", "01029000")], data: [5, 6],
      ne: 256)
    #expect(fourth.data == [1, 2])
    // Without an Le there is none to correct: one is added, and the data stay whole.
    let third = try response(
      to: [("002A000002 0506", "6C02"), ("002A000002 0506 02", "01029000")], data: [5, 6])
    #expect(third.data == [1, 2])
    let first = try response(to: [("00840000", "6C01"), ("0084000001", "099000")], ins: 0x84)
    #expect(first.data == [9])
    let channel = ScriptedChannel([
      ("00840000 001000", "6C08"), ("0084000008", "01029000"), ("00840000 00", "6C08"),
      ("0084000008", "6C08"),
    ])
    let session = CardSession(channel)
    #expect(try session.send(ins: 0x84, ne: 4096).data == [1, 2])
    // A card that is never content gets two chances.
    #expect(try session.send(ins: 0x84, ne: 256).status.rawValue == 0x6C08)
    #expect(channel.isFinished)
  }

  @Test("corrects the Le of GET RESPONSE too")
  func wrongLeOfResponse() throws {
    let answer = try response(
      to: [("0084000000", "6100"), ("00C0000000", "6C02"), ("00C0000002", "0102 9000")],
      ins: 0x84, ne: 256)
    #expect(answer == CardResponse(data: [1, 2], status: .success))
  }

  @Test("gives up on a card that announces data and gives none")
  func emptyResponses() throws {
    let answer = try response(
      to: [("0084000000", "6102"), ("00C0000002", "6102")], ins: 0x84, ne: 256)
    #expect(answer == CardResponse(data: [], status: StatusWord(0x6102)))
  }

  @Test("takes no response APDU without a status word", arguments: ["", "90"])
  func malformed(answer: String) throws {
    let session = CardSession(ScriptedChannel([("0084000008", answer)]))
    let error = #expect(throws: ChannelError.self) { try session.send(ins: 0x84, ne: 8) }
    #expect(error?.kind == .malformedResponse)
  }

  @Test("shows its observer every exchange as it was on the wire")
  func observing() throws {
    var seen: [String] = []
    let session = CardSession(ScriptedChannel([("0084000000", "6101"), ("00C0000001", "079000")])) {
      seen.append(Hex.text($0.command) + ">" + Hex.text($0.response))
    }
    _ = try session.send(ins: 0x84, ne: 256)
    #expect(seen == ["0084000000>6101", "00C0000001>079000"])
  }

  @Test("reads and writes whole files in parts")
  func files() throws {
    let contents = Self.hex("07", 300)
    let reading = ScriptedChannel([
      ("00A408040411001102 00", "6208 8002012C 82020100 9000"),
      ("00B00000FF", Self.hex("07", 255) + "9000"), ("00B000FF2D", Self.hex("07", 45) + "9000"),
    ])
    #expect(Hex.text(try CardSession(reading).readFile([0x1100, 0x1102])) == contents)
    let writing = ScriptedChannel([
      ("00A4080C0411001102", "9000"), ("00D60000FF" + Self.hex("07", 255), "9000"),
      ("00D600FF2D" + Self.hex("07", 45), "6982"),
    ])
    let error = #expect(throws: CardError.self) {
      try CardSession(writing).updateFile([0x1100, 0x1102], [UInt8](repeating: 7, count: 300))
    }
    #expect(error?.status == .securityStatusNotSatisfied)
    let senseless = CardSession(ScriptedChannel([("00A40804021100 00", "6282")]))
    #expect(throws: CardError.self) { try senseless.readFile([0x1100]) }
  }
}
