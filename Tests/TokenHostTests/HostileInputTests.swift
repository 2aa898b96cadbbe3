import FlashTesting
import ISO7816
import Terminal
import Testing

@testable import Firmware

@Suite("Whatever bytes arrive") struct HostileInputTests {
  static let instructions: [UInt8] = [
    0x20, 0x22, 0x24, 0x2A, 0x2C, 0x46, 0x82, 0x84, 0xA4, 0xB0, 0xC0, 0xCA, 0xD6, 0xDA, 0xE0,
  ]
  static let statusClasses: Set<UInt8> = [
    0x61, 0x62, 0x63, 0x65, 0x67, 0x68, 0x69, 0x6A, 0x6B, 0x6C, 0x6D, 0x6E, 0x6F, 0x90,
  ]

  /// One of each command that the issued card takes, in each of its forms.
  static let validCommands: [String] = [
    "00A4000C023F00", "00A40000023F0000", "00A408040411001102 00", "00A4080C0411001102",
    "00A4040C05A000000530", "00A4020C022F02", "00A4030C", "00A4090C0411001102",
    "00B0000010", "00B00000000000", "00D6000004 11223344", "00D600000000021122",
    "00200010", "00200010083132333435363738", "0020001A0811223344FFFFFFFF",
    "00240010103132333435363738 3132333435363738", "00240110083132333435363738",
    "002C0010108765432187654321 3132333435363738", "002C0110083837363534333231",
    "002C0210083132333435363738", "002C0310", "0084000008", "00840000000100",
    "0082001F1000112233445566778899AABBCCDDEEFF", "0022F30300", "0022F303", "0022F1B603830101",
    "0022F1B803830110", "0022F1A403830101", "00CA018300", "00DA01830110",
    "00DA016D0F 830105 86020000 8F06000000000000",
    "00DA016E2383020010850802038703FF0000058609001011FFFFFFFFFFFF8F083132333435363738",
    "00E000001A 6218 80020010 82030100 00 83021234 8609 00FFFFFFFFFFFFFFFF",
    "0046000108 2001 3F01 0010 0020 00", "00C0000000", "002A9E9A0401020304 00",
    "002A9E9A000100" + String(repeating: "01", count: 256) + "0000",
    "102A9E9AFF" + String(repeating: "01", count: 255), "002A9E9A010100",
    "002A8086000101" + String(repeating: "00", count: 257) + "0000",
    "102A8086FF" + String(repeating: "00", count: 255), "002A808602000000",
  ]

  /// A token that checks each answer, and proves at the end that it still does its work.
  struct Subject: ~Copyable {
    var bare: BareToken
    var commands = 0
    private var reply: [UInt8] = []

    init() throws { bare = try BareToken(try BareToken.issuedMemory()) }

    mutating func send(_ command: [UInt8]) {
      commands += 1
      bare.token.process(command.span, into: &reply)
      let plausible =
        reply.count >= 2 && HostileInputTests.statusClasses.contains(reply[reply.count - 2])
      if !plausible {
        Issue.record("\(Hex.text(command.prefix(40))) was answered \(Hex.text(reply.prefix(40)))")
      }
    }

    /// After a reset, with tries restored where they were lost, PIN and keys work as ever.
    mutating func stillWorks() throws {
      _ = try bare.token.powerOn()
      for (pin, code, puk, key) in [
        ("10", "12345678", "87654321", "01"), ("1A", "11223344", "44332211", "10"),
      ] {
        let reset = bare.send(
          "002C00\(pin)10" + Hex.text(Array(puk.utf8)) + Hex.text(Array(code.utf8)))
        #expect(reset == "9000")
        let verified = bare.send("002000\(pin)08" + Hex.text(Array(code.utf8)))
        #expect(verified == "9000")
        let chosen = bare.send("0022F1B6038301\(key)")
        #expect(chosen == "9000")
        let signed = bare.send("002A9E9A03010203 00")
        #expect(signed.count == 516)
      }
      // What it became is also what it is after the next loss of power.
      _ = try bare.rebooted()
    }
  }

  @Test("every truncation and every extension of every command is answered")
  func truncations() throws {
    var subject = try Subject()
    for hex in Self.validCommands {
      let command = try #require(Hex.bytes(hex), "\(hex)")
      for count in 0...command.count { subject.send(Array(command[..<count])) }
      for more in [[0x00], [0x00, 0x00], [0xFF], [UInt8](repeating: 0, count: 300)] as [[UInt8]] {
        subject.send(command + more)
      }
    }
    try subject.stillWorks()
  }

  @Test("lengths that contradict each other are 6700, whatever the instruction")
  func contradictions() throws {
    var subject = try Subject()
    for instruction in Self.instructions {
      let header: [UInt8] = [0x00, instruction, 0x00, 0x10]
      for body in [
        [2, 1], [2, 1, 1, 1, 1], [255, 1], [0, 0], [0, 1], [0, 0, 0, 0], [0, 0, 0, 1],
        [0, 0, 1], [0, 0, 2, 1], [0, 0, 1, 1, 1], [0, 0, 1, 1, 1, 1, 1], [0, 255, 255, 1],
      ] as [[UInt8]] where body != [0, 0, 1] {
        subject.send(header + body)
        let answer = subject.bare.send(header + body)
        #expect(answer == [0x67, 0x00], "\(Hex.text(header + body))")
      }
    }
    try subject.stillWorks()
  }

  @Test("bodies of 65,535 bytes are answered, chained or not, whatever the instruction")
  func longBodies() throws {
    var subject = try Subject()
    for instruction in UInt8.min...UInt8.max {
      for filler: UInt8 in [0x00, 0xFF] {
        let body = [UInt8](repeating: filler, count: 65_535)
        let known = Self.instructions.contains(instruction)
        for cla: UInt8 in known ? [0x00, 0x10] : [0x00] {
          subject.send([cla, instruction, 0x00, 0x10, 0x00, 0xFF, 0xFF] + body)
          if known { subject.send([cla, instruction, 0x9E, 0x9A, 0, 0xFF, 0xFF] + body + [0, 0]) }
        }
      }
    }
    for parameters in [[0x9E, 0x9A], [0x80, 0x86], [0x01, 0x6E], [0x01, 0x6D]] as [[UInt8]] {
      for instruction: UInt8 in [0x2A, 0xDA] {
        let body = [UInt8](repeating: 0x83, count: 65_535)
        subject.send([0x00, instruction] + parameters + [0x00, 0xFF, 0xFF] + body)
      }
    }
    try subject.stillWorks()
  }

  @Test("every class with every instruction is answered")
  func allClassesAndInstructions() throws {
    var subject = try Subject()
    for cla in UInt8.min...UInt8.max {
      for instruction in UInt8.min...UInt8.max {
        subject.send([cla, instruction, 0x00, 0x00])
        subject.send([cla, instruction, 0x00, 0x10, 0x08])
        subject.send([cla, instruction, 0x01, 0x83, 0x01, 0xFF])
      }
    }
    #expect(subject.commands == 3 * 65_536)
    try subject.stillWorks()
  }

  @Test("every P1 with every P2 is answered, whatever the instruction", arguments: instructions)
  func allParameters(instruction: UInt8) throws {
    var subject = try Subject()
    for p1 in UInt8.min...UInt8.max {
      for p2 in UInt8.min...UInt8.max {
        subject.send([0x00, instruction, p1, p2])
        if p1 % 8 < 4 { subject.send([0x00, instruction, p1, p2, 0x02, 0x3F, 0x00]) }
      }
    }
    try subject.stillWorks()
  }

  @Test("random bytes are answered", arguments: UInt64(0)..<4)
  func randomBytes(seed: UInt64) throws {
    var bits = SeededBits(seed)
    var subject = try Subject()
    let commands = Self.validCommands.compactMap(Hex.bytes)
    for round in 0..<25_000 {
      var command: [UInt8]
      switch bits.next() % 4 {
      case 0: command = bits.bytes(Int(bits.next() % 24))
      case 1:
        let data = bits.bytes(Int(bits.next() % 32))
        command = CommandAPDU.bytes(
          ins: Self.instructions[Int(bits.next() % 15)], p1: UInt8(bits.next() % 4),
          p2: bits.bytes(1)[0], data: data, ne: bits.next() % 2 == 0 ? nil : 256)
      default:
        // Private-key operations are slow, and have a test of their own.
        command = commands[Int(bits.next() % UInt64(commands.count))]
        if command[1] == 0x2A, command.count > 8, round % 50 != 0 { command.removeLast() }
        if !command.isEmpty, bits.next() % 2 == 0 {
          command[Int(bits.next() % UInt64(command.count))] ^= UInt8(1) << UInt8(bits.next() % 8)
        }
      }
      if isLastTryOfPUK(command) { continue }
      subject.send(command)
      if round % 500 == 0 { try subject.stillWorks() }
    }
    try subject.stillWorks()
  }

  /// Ten wrong PUKs are final, as they should be: guesses at a PUK are left out here.
  private func isLastTryOfPUK(_ command: [UInt8]) -> Bool {
    guard command.count > 5, command[1] == 0x20 || command[1] == 0x2C || command[1] == 0x24 else {
      return false
    }
    return command[1] == 0x2C || [0x11, 0x1B].contains(command[3] & 0x1F)
  }
}
