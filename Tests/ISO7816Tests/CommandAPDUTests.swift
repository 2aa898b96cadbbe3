import ISO7816
import Testing

@Suite("Command APDUs") struct CommandAPDUTests {
  private static func parse(_ bytes: [UInt8]) throws(StatusWord) -> CommandAPDU {
    try CommandAPDU(parsing: bytes.span)
  }

  /// One encoding, and what it means.
  struct Example: CustomTestStringConvertible {
    let name: String
    let bytes: [UInt8]
    let nc: Int
    let ne: Int?
    var isExtended = false
    var testDescription: String { name }
  }

  static func body(_ count: Int) -> [UInt8] { (0..<count).map { UInt8(truncatingIfNeeded: $0) } }

  static let header: [UInt8] = [0x00, 0xA4, 0x08, 0x0C]
  static let examples: [Example] = [
    Example(name: "case 1", bytes: header, nc: 0, ne: nil),
    Example(name: "case 2S, least", bytes: header + [1], nc: 0, ne: 1),
    Example(name: "case 2S, 255", bytes: header + [255], nc: 0, ne: 255),
    Example(name: "case 2S, 256", bytes: header + [0], nc: 0, ne: 256),
    Example(name: "case 3S, least", bytes: header + [1] + body(1), nc: 1, ne: nil),
    Example(name: "case 3S, most", bytes: header + [255] + body(255), nc: 255, ne: nil),
    Example(name: "case 4S, least", bytes: header + [1] + body(1) + [1], nc: 1, ne: 1),
    Example(name: "case 4S, most", bytes: header + [255] + body(255) + [0], nc: 255, ne: 256),
    Example(name: "case 2E, least", bytes: header + [0, 0, 1], nc: 0, ne: 1, isExtended: true),
    Example(
      name: "case 2E, 65,535", bytes: header + [0, 255, 255], nc: 0, ne: 65_535, isExtended: true),
    Example(name: "case 2E, most", bytes: header + [0, 0, 0], nc: 0, ne: 65_536, isExtended: true),
    Example(
      name: "case 3E, least", bytes: header + [0, 0, 1] + body(1), nc: 1, ne: nil,
      isExtended: true),
    Example(
      name: "case 3E, most", bytes: header + [0, 255, 255] + body(65_535), nc: 65_535, ne: nil,
      isExtended: true),
    Example(
      name: "case 4E, least", bytes: header + [0, 0, 1] + body(1) + [0, 1], nc: 1, ne: 1,
      isExtended: true),
    Example(
      name: "case 4E, most", bytes: header + [0, 255, 255] + body(65_535) + [0, 0], nc: 65_535,
      ne: 65_536, isExtended: true),
  ]

  @Test("of every case mean what they say", arguments: examples)
  func cases(example: Example) throws {
    let command = try Self.parse(example.bytes)
    #expect([command.cla, command.ins, command.p1, command.p2] == Self.header)
    #expect(Array(example.bytes[command.data]) == Self.body(example.nc))
    #expect(command.ne == example.ne)
    #expect(command.isExtended == example.isExtended)
    #expect(!command.isChained)
  }

  @Test(
    "cut short are 6700 or a shorter case, never more than the bytes there are", arguments: examples
  )
  func truncations(example: Example) {
    let step = example.bytes.count > 1000 ? 97 : 1
    for count in stride(from: 0, to: example.bytes.count, by: step) {
      let bytes = Array(example.bytes[..<count])
      do throws(StatusWord) {
        let command = try Self.parse(bytes)
        #expect(command.data.upperBound <= bytes.count)
        // Only a header alone, a header with Le, and a case 4 without its Le are commands too.
        let isShorterCase =
          [4, 5].contains(count) || (count == 7 && bytes[4] == 0)
          || count == example.bytes.count - (example.isExtended ? 2 : 1) && example.ne != nil
        #expect(isShorterCase, "\(count) bytes")
      } catch {
        #expect(error == .wrongLength)
      }
    }
  }

  @Test(
    "whose lengths contradict each other are 6700",
    arguments: [
      [], [0], [0, 0xA4], [0, 0xA4, 0], header + [0, 0], header + [0, 1], header + [2, 1],
      header + [1, 1, 1, 1], header + [255] + body(254), header + [255] + body(257),
      header + [0, 0, 0, 0], header + [0, 0, 0, 0, 0], header + [0, 0, 0, 1],
      header + [0, 0, 1, 1, 1], header + [0, 0, 1, 1, 0, 0, 0], header + [0, 0, 2, 1],
      header + [0, 1, 0] + body(255), header + [0, 1, 0] + body(257),
      header + [0, 1, 0] + body(259),
      header + [0, 255, 255] + body(65_534), header + [0, 255, 255] + body(65_538),
    ] as [[UInt8]])
  func contradictions(bytes: [UInt8]) {
    #expect(throws: StatusWord.wrongLength) { try Self.parse(bytes) }
  }

  @Test("are encoded so that parsing gives back what was meant")
  func roundTrip() throws {
    let boundaries = [0, 1, 2, 127, 128, 254, 255, 256, 257, 65_534, 65_535]
    let expectations: [Int?] = [nil, 1, 2, 255, 256, 257, 65_535, 65_536]
    for nc in boundaries {
      for ne in expectations {
        for cla: UInt8 in [0x00, 0x10] {
          let data = Self.body(nc)
          let bytes = CommandAPDU.bytes(
            cla: cla, ins: 0x2A, p1: 0x9E, p2: UInt8(nc & 0xFF), data: data, ne: ne)
          let command = try Self.parse(bytes)
          #expect(command.cla == cla && command.ins == 0x2A && command.p1 == 0x9E)
          #expect(command.p2 == UInt8(nc & 0xFF))
          #expect(Array(bytes[command.data]) == data)
          #expect(command.ne == ne)
          #expect(command.isExtended == (nc > 255 || (ne ?? 0) > 256))
          #expect(command.isChained == (cla == 0x10))
        }
      }
    }
  }

  @Test("of random bytes never lead outside them")
  func randomBytes() {
    var generator = SystemRandomNumberGenerator()
    for _ in 0..<20_000 {
      var bytes = (0..<Int.random(in: 0...40, using: &generator)).map { _ in
        UInt8.random(in: 0...255, using: &generator)
      }
      if bytes.count > 6, Bool.random(using: &generator) {
        (bytes[4], bytes[5]) = (0, 0)
      }
      guard let command = try? Self.parse(bytes) else { continue }
      #expect(command.data.lowerBound >= 4 && command.data.upperBound <= bytes.count, "\(bytes)")
      #expect(command.ne.map { (1...65_536).contains($0) } ?? true, "\(bytes)")
    }
  }
}

@Suite("Status words") struct StatusWordTests {
  @Test("are made of their two bytes") func halves() {
    let word = StatusWord(sw1: 0x6A, sw2: 0x82)
    #expect(word == .fileNotFound && word.rawValue == 0x6A82)
    #expect(word.sw1 == 0x6A && word.sw2 == 0x82)
  }

  @Test("tell tries, at most 15") func tries() {
    #expect(StatusWord.verificationFailed(triesLeft: 2).rawValue == 0x63C2)
    #expect(StatusWord.verificationFailed(triesLeft: 200).rawValue == 0x63CF)
    #expect(StatusWord(0x63C0).triesLeft == 0)
    #expect(StatusWord(0x6300).triesLeft == nil && StatusWord.success.triesLeft == nil)
  }

  @Test("tell how many bytes wait") func waiting() {
    #expect(StatusWord.bytesRemaining(1).rawValue == 0x6101)
    #expect(StatusWord.bytesRemaining(255).rawValue == 0x61FF)
    #expect(StatusWord.bytesRemaining(256).rawValue == 0x6100)
    #expect(StatusWord.bytesRemaining(70_000).rawValue == 0x6100)
  }
}
