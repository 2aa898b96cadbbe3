import BLETransport
import Foundation
import RadioCheck
import Testing

/// Numbers that look random and are the same each time.
struct Dice: RandomNumberGenerator {
  private var state: UInt64

  init(_ seed: UInt64) { state = seed &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }
}

@Suite("Messages in fragments") struct ReassemblyTests {
  private let now = ContinuousClock.now

  private func frames(_ message: Message, dataLength: Int) throws -> [[UInt8]] {
    try Array(Fragmentation(message, dataLength: dataLength))
  }

  @Test("come out whole, whatever the fragments' size, order and repetitions", arguments: 1...200)
  func anyOrder(seed: UInt64) throws {
    var dice = Dice(seed)
    let sender: Opcode.Sender = Bool.random(using: &dice) ? .host : .token
    var reassembly = Reassembly(from: sender, maximumPayload: 4096)
    var id = UInt8.random(in: 0...255, using: &dice)
    for _ in 0..<8 {
      id &+= UInt8.random(in: 1...127, using: &dice)
      let length = Int.random(in: 0...Int.random(in: 0...4096, using: &dice), using: &dice)
      let message = Message(
        sender == .host ? .command : .response, id: id,
        payload: (0..<length).map { _ in UInt8.random(in: 0...255, using: &dice) })
      var sent = try frames(message, dataLength: Int.random(in: 1...504, using: &dice))
      sent += sent.filter { _ in Bool.random(using: &dice) }
      sent.shuffle(using: &dice)
      // What repeats a fragment after the last missing one must not bring the message back.
      var complete: [Message] = []
      for frame in sent {
        if let message = try reassembly.accept(frame, at: now) { complete.append(message) }
      }
      #expect(complete == [message])
      #expect(reassembly.deadline == nil)
    }
  }

  @Test("need every fragment", arguments: 0..<5)
  func missing(left: Int) throws {
    var reassembly = Reassembly(from: .host, maximumPayload: 100)
    let message = Message(.command, id: 1, payload: [UInt8](0..<100))
    for (number, frame) in try frames(message, dataLength: 20).enumerated() where number != left {
      #expect(try reassembly.accept(frame, at: now) == nil)
    }
    #expect(reassembly.deadline == now + Profile.fragmentGap)
  }

  @Test("with other data for the same place are refused, and all of the message is dropped")
  func overlap() throws {
    for second: [UInt8] in [
      [1, 9, 0, 0, 0, 4, 0xAA, 0xCC], [1, 9, 0, 1, 0, 4, 0xBB, 0xCC], [1, 9, 0, 1, 0, 4, 1, 2, 3],
    ] {
      var reassembly = Reassembly(from: .host, maximumPayload: 100)
      let first: [UInt8] = [1, 9, 0, 0, 0, 4, 0xAA, 0xBB]
      #expect(try reassembly.accept(first, at: now) == nil)
      #expect(throws: FrameRefusal(.overlap, id: 9)) {
        try reassembly.accept(second, at: now)
      }
      let rest: [UInt8] = [1, 9, 0, 2, 0, 4, 0xCC, 0xDD]
      #expect(try reassembly.accept(rest, at: now) == nil)
      #expect(reassembly.deadline == nil)
    }
  }

  @Test("cannot change their total or their opcode on the way")
  func changed() throws {
    for second: [UInt8] in [[0x81, 9, 0, 2, 0, 5, 0xCC], [0x82, 9, 0, 2, 0, 4, 0xCC]] {
      var reassembly = Reassembly(from: .token, maximumPayload: 100)
      let first: [UInt8] = [0x81, 9, 0, 0, 0, 4, 0xAA, 0xBB]
      #expect(try reassembly.accept(first, at: now) == nil)
      let refusal = FrameRefusal(.changed, id: 9)
      #expect(throws: refusal) { try reassembly.accept(second, at: now) }
      #expect(refusal.errorCode == .badFrame)
    }
  }

  @Test("longer than the receiver takes are refused before anything is kept")
  func tooLong() throws {
    var reassembly = Reassembly(from: .host, maximumPayload: 100)
    let value: [UInt8] = [1, 9, 0, 0, 0, 101, 0xAA]
    #expect(throws: FrameRefusal(.tooLong, id: 9)) { try reassembly.accept(value, at: now) }
    #expect(reassembly.deadline == nil)
    #expect(FrameRefusal(.tooLong, id: 9).attError == .tooLong)
  }

  @Test("are given up when the next fragment is overdue")
  func gap() throws {
    var reassembly = Reassembly(from: .host, maximumPayload: 100, gap: .seconds(2))
    let sent = try frames(Message(.command, id: 7, payload: [1, 2, 3]), dataLength: 1)
    #expect(try reassembly.accept(sent[0], at: now) == nil)
    // Each fragment starts the time anew.
    #expect(try reassembly.accept(sent[1], at: now + .milliseconds(1999)) == nil)
    #expect(reassembly.expire(at: now + .milliseconds(3998)) == nil)
    #expect(reassembly.expire(at: now + .milliseconds(3999)) == FrameRefusal(.timeout, id: 7))
    #expect(reassembly.expire(at: now + .seconds(9)) == nil)
    #expect(try reassembly.accept(sent[2], at: now + .seconds(9)) == nil)
  }

  @Test("are given up also where nobody looked at the clock")
  func lateFragment() throws {
    var reassembly = Reassembly(from: .host, maximumPayload: 100, gap: .seconds(2))
    let sent = try frames(Message(.command, id: 7, payload: [1, 2]), dataLength: 1)
    #expect(try reassembly.accept(sent[0], at: now) == nil)
    #expect(throws: FrameRefusal(.timeout, id: 7)) {
      try reassembly.accept(sent[1], at: now + .seconds(2))
    }
  }

  @Test("give way to a newer one; stragglers of older ones are ignored")
  func newer() throws {
    var reassembly = Reassembly(from: .host, maximumPayload: 100)
    let old = try frames(Message(.command, id: 255, payload: [1, 2]), dataLength: 1)
    let new = try frames(Message(.command, id: 0, payload: [3, 4]), dataLength: 1)
    #expect(try reassembly.accept(old[0], at: now) == nil)
    #expect(try reassembly.accept(new[0], at: now) == nil)
    #expect(try reassembly.accept(old[1], at: now) == nil)
    #expect(try reassembly.accept(new[1], at: now)?.payload == [3, 4])
  }

  @Test("of an unfinished message let notices through")
  func notices() throws {
    var reassembly = Reassembly(from: .token, maximumPayload: 100)
    let answer = try frames(Message(.response, id: 3, payload: [0x90, 0x00]), dataLength: 1)
    #expect(try reassembly.accept(answer[0], at: now) == nil)
    let wait = Message(.wait, id: 3, payload: Wait(.processing, elapsed: 400).payload)
    for frame in try frames(wait, dataLength: 14) + frames(wait, dataLength: 14) {
      #expect(try reassembly.accept(frame, at: now) == wait)
    }
    #expect(try reassembly.accept(answer[1], at: now)?.payload == [0x90, 0x00])
  }

  @Test(
    "need a header, an opcode of the other side, and data inside the total",
    arguments: [
      ([], FrameRefusal(.malformed, id: nil)), ([1, 5, 0, 0, 0], FrameRefusal(.malformed, id: 5)),
      ([6, 5, 0, 0, 0, 0], FrameRefusal(.unknownOpcode, id: 5)),
      ([0x81, 5, 0, 0, 0, 0], FrameRefusal(.unknownOpcode, id: 5)),
      ([1, 5, 0, 0, 0, 1], FrameRefusal(.malformed, id: 5)),
      ([1, 5, 0, 1, 0, 1, 0xAA], FrameRefusal(.malformed, id: 5)),
      ([1, 5, 0xFF, 0xFF, 0xFF, 0xFF, 0xAA], FrameRefusal(.malformed, id: 5)),
      ([4, 5, 0, 0, 0, 2, 0xAA], FrameRefusal(.malformed, id: 5)),
      ([2, 5, 0, 0, 0, 1, 0xAA], FrameRefusal(.malformed, id: 5)),
      ([3, 5, 0, 0, 0, 1, 0xAA], FrameRefusal(.malformed, id: 5)),
      ([4, 5, 0, 0, 0, 1, 0xAA], FrameRefusal(.malformed, id: 5)),
    ] as [([UInt8], FrameRefusal)])
  func malformed(value: [UInt8], refusal: FrameRefusal) {
    var reassembly = Reassembly(from: .host, maximumPayload: 100)
    #expect(throws: refusal) { try reassembly.accept(value, at: now) }
  }

  @Test("fit the attribute protocol's PDU and BlueZ 5.66's 510 bytes")
  func dataLength() {
    #expect(Fragmentation.dataLength(mtu: 23) == 14)
    #expect(Fragmentation.dataLength(mtu: 517) == 504)
    #expect(Fragmentation.dataLength(mtu: 0) == 1)
  }

  @Test("longer than two bytes can tell are not sent")
  func unsendable() {
    let message = Message(.response, id: 1, payload: [UInt8](repeating: 0, count: 65_536))
    #expect(throws: FrameRefusal(.tooLong, id: 1)) { try Fragmentation(message, dataLength: 504) }
  }

  @Test("made of any bytes are refused or right", arguments: 1...200)
  func anyBytes(seed: UInt64) {
    var dice = Dice(seed)
    for _ in 0..<50 {
      var traffic = [UInt8.random(in: 0...255, using: &dice)]
      for _ in 0..<Int.random(in: 1...12, using: &dice) {
        let data = (0..<Int.random(in: 0...8, using: &dice)).map { _ in
          UInt8.random(in: 0...3, using: &dice)
        }
        let opcode: UInt8 = [1, 2, 4, 5, 0x81, 0x82, 0x83, 0x8F].randomElement(using: &dice) ?? 1
        let frame =
          [opcode, UInt8.random(in: 1...2, using: &dice), 0]
          + [UInt8.random(in: 0...8, using: &dice), 0, UInt8.random(in: 0...12, using: &dice)]
          + data
        traffic += [UInt8(frame.count), UInt8.random(in: 0...15, using: &dice)] + frame
      }
      #expect(RadioTraffic.defect(in: traffic) == nil, "\(traffic)")
    }
  }

  @Test("of the fuzzer's corpus are refused or right")
  func corpus() throws {
    let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().appendingPathComponent("Fuzz/Corpus/Radio")
    let files = try FileManager.default.contentsOfDirectory(
      at: folder, includingPropertiesForKeys: nil)
    #expect(files.count >= 60)
    for file in files {
      let input = Array(try Data(contentsOf: file))
      #expect(RadioTraffic.defect(in: input) == nil, "\(file.lastPathComponent)")
    }
  }
}
