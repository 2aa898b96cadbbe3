import ISO7816
import Subprocess
import Testing
import TokenHost

@Suite(
  "The firmware on a Cortex-M4 answers what it answers on the host",
  .enabled(if: Chip.isExpected, "qemu-system-arm is not installed; `make setup` installs it"),
  .timeLimit(.minutes(3)))
struct FirmwareImageTests {
  @Test("to its holder, byte for byte, and leaves the same flash")
  func holder() async throws {
    let run = try await compare(Step.parse(Scripts.holder))
    // Only using a key, and telling its public part, need what this chip does not have.
    #expect(run.unsupported == 5)
    print("The firmware on a Cortex-M4, \(Scripts.holder.count) commands:")
    print(run.chip.console, terminator: "")
    #expect(try #require(run.chip.figure("text")) < 64 * 1024)
    #expect(try #require(run.chip.figure("ram")) < 32 * 1024)

    // Without power nothing is lost, on either side.
    let questions = ["00200010", "00200011", "0020001A", "0020001B"]
    let later = try await compare(Step.parse(questions), from: run.chip.flash)
    #expect(
      later.host.replies.dropFirst() == [
        [0x63, 0xC3], [0x63, 0xCA], [0x63, 0xC3], [0x63, 0xCA],
      ])
  }

  @Test("to its issuer, through compactions")
  func issuer() async throws {
    let run = try await compare(Step.parse(Scripts.issuer))
    // The other half is live now: files were written until the first was full.
    #expect(run.chip.flash[0..<8] == [UInt8](repeating: 0xFF, count: 8)[...])
    #expect(run.chip.replies.last?.bytes == [0x0C, 0x90, 0x00])
  }

  @Test("but generates no key, and changes nothing where it is asked to")
  func keyGeneration() async throws {
    let lines = ["0084000008", "proof", "00A4000C023F00"]
    let flash = try Host.issuedFlash()
    let host = try Host(flash: flash, Step.parse(lines))
    let chip = try await Chip(
      flash: flash,
      Step.lines(
        Step.parse(lines + ["0046000108 2001 3F01 0010 0020 00"]),
        challenges: try await challenges(flash)))
    #expect(chip.replies.last?.bytes == [0x6A, 0x81])
    #expect(chip.flash == host.flash)
  }

  @Test("to whatever bytes arrive", arguments: UInt64(0)..<3)
  func hostile(seed: UInt64) async throws {
    try await compare(Scripts.hostile(seed: seed, count: 1000))
  }

  @Test("to the longest commands there are")
  func longest() async throws {
    var steps = Step.parse([
      "00A4080C0411001101", "00840000000000", "008400000001 00", "00C0000000",
    ])
    for header: [UInt8] in [
      [0x00, 0xD6, 0, 0], [0x10, 0x2A, 0x9E, 0x9A], [0x00, 0x20, 0x00, 0x10],
    ] {
      let body = [UInt8](repeating: 0x31, count: 65_535)
      steps.append(.command(header + [0x00, 0xFF, 0xFF] + body))
      steps.append(.command(header + [0x00, 0xFF, 0xFF] + body + [0x00, 0x00]))
    }
    try await compare(steps)
  }

  @Test("without taking memory it does not give back")
  func heap() async throws {
    let day = [
      "00A4080C0411001101", "00B0000000", "00B00000000800", "0020001008 3132333435363739",
      "00200010", "0020001008 3132333435363738", "00A4000C023F00", "00FF0000", "00A4000C02FFFF",
      "0084000008",
    ]
    let rounds = 20
    let chip = try await Chip(
      flash: Host.issuedFlash(), [[String]](repeating: day, count: rounds).flatMap { $0 })
    try #require(chip.replies.count == 1 + rounds * day.count, "\(chip.console)")
    // Some buffers find their size in the first round.
    for reply in chip.replies.dropFirst(1 + day.count) {
      #expect(reply.allocations == 0 && reply.growth == 0, "\(Hex.text(reply.bytes))")
    }
  }

  @Test("with a refusal where the flash is damaged or erased, and leaves it alone")
  func damaged() async throws {
    var flash = try Host.issuedFlash()
    let place = try #require(flash.indices.first { flash[$0] == 0x30 && flash[$0 + 1] == 0x82 })
    flash[place] ^= 1
    for flash in [flash, [UInt8](repeating: 0xFF, count: flash.count)] {
      let chip = try await Chip(flash: flash, [])
      #expect(chip.status == .exited(2) && chip.replies.isEmpty)
      #expect(throws: ImageError.self) { try Host(flash: flash, []) }
    }
  }

  /// What both tokens did, and how often the chip had to say that it cannot.
  struct Comparison {
    let host: Host
    let chip: Chip
    var unsupported = 0
  }

  @discardableResult
  private func compare(_ steps: [Step], from flash: [UInt8]? = nil) async throws -> Comparison {
    let flash = try flash ?? Host.issuedFlash()
    let chip = try await Chip(
      flash: flash, Step.lines(steps, challenges: try await challenges(flash)))
    try #require(chip.status == .exited(0), "\(chip.console)")
    var run = Comparison(host: try Host(flash: flash, steps), chip: chip)
    try #require(chip.replies.count == run.host.replies.count)
    for (index, expected) in run.host.replies.enumerated() {
      let answer = chip.replies[index].bytes
      guard answer != expected, index > 0, case .command(let command) = steps[index - 1] else {
        #expect(answer == expected)
        continue
      }
      switch command.count > 1 ? command[1] : 0 {
      case 0x84: #expect(answer.count == expected.count && answer.suffix(2) == expected.suffix(2))
      case 0x2A, 0x46, 0x88:
        #expect(answer == [0x6A, 0x81], "\(Hex.text(command))")
        run.unsupported += 1
      default:
        #expect(answer == expected, "\(index): \(Hex.text(command.prefix(40)))")
      }
    }
    #expect(chip.flash == run.host.flash)
    return run
  }

  /// The first challenges the chip gives. They are the same each time: it has no randomness.
  private func challenges(_ flash: [UInt8]) async throws -> [[UInt8]] {
    let chip = try await Chip(flash: flash, ["0084000008", "0084000008", "0084000008"])
    return chip.replies.dropFirst().map { Array($0.bytes.dropLast(2)) }
  }
}
