import Cryptography
import FlashTesting
import ISO7816
import Testing

@testable import Firmware
@testable import TokenHost

@Suite("Whatever an issuer sends") struct HostileIssuerTests {
  /// A chip that the issuer has begun to build.
  private func initialised() throws -> BareToken {
    let chip = try Token(
      manufacturing: IssuedImage.identity,
      on: LibcryptoCoprocessor(randomness: .seeded(1, label: "chip")),
      memory: HostileFlash(pageSize: 4096, pageCount: 32))
    var bare = try BareToken(
      HostileFlash(pageSize: 4096, bytes: chip.removeMemory().bytes))
    try authenticate(&bare)
    let status = bare.send("00DA01830124")
    #expect(status == "9000")
    return bare
  }

  private func authenticate(_ bare: inout BareToken) throws {
    let challenge = Array(bare.send([0x00, 0x84, 0x00, 0x00, 0x08]).prefix(8))
    let key = IssuedImage.transportKey
    let code = MessageAuthentication.aesCMAC(
      of: challenge.span, key: key.span)
    let answer = bare.send(CommandAPDU.bytes(ins: 0x82, p2: 0x1F, data: code))
    #expect(answer == [0x90, 0x00])
  }

  private static let commands = [
    "00E000001A621880020010820301000083021234860900FFFFFFFFFFFFFFFF",
    "00E0000016621482033800008302 1400 8609FFFFFFFFFFFF1F1FFF",
    "00E000001C621A82033800008302140084 04A0B0C0D0 8609FFFFFFFFFFFF1F1FFF",
    "00DA016D0F 830105 86020000 8F06000000000000",
    "00DA016E2383020010850802038703FF0000058609001011FFFFFFFFFFFF8F083132333435363738",
    "00DA016E1D83022001850802000C00FF000000860910FFFFFFFFFF1FFFFF8F020800",
    "00A4000C021400", "00A4000C023F00", "00D6000003010203", "0020001008 3132333435363738",
    "0022F1B603830101", "002A9E9A0301020300", "00B0000000", "0084000008",
  ]

  @Test(
    "the chip answers, and comes up again with whatever it was made into", arguments: UInt64(0)..<4)
  func building(seed: UInt64) throws {
    var bits = SeededBits(seed)
    var bare = try initialised()
    let commands = try Self.commands.map { try #require(Hex.bytes($0)) }
    var accepted = 0
    for round in 0..<3000 {
      var command = commands[Int(bits.next() % UInt64(commands.count))]
      for _ in 0..<bits.next() % 3 {
        // The header stays: it has tests of its own.
        let position = 4 + Int(bits.next() % UInt64(command.count - 4))
        command[position] ^= 1 << UInt8(bits.next() % 8)
      }
      // The issuer does not take his own key away.
      if command[1] == 0xDA, command.count > 8, command[8] & 0x1F == 0x1F { continue }
      let answer = bare.send(command)
      #expect(answer.count >= 2)
      if command[1] == 0xE0 || command[1] == 0xDA, answer == [0x90, 0x00] { accepted += 1 }
      if round % 100 == 99 {
        bare = try bare.rebooted()
        let selected = bare.send("00A40004023F0000")
        #expect(selected.hasSuffix("9000"))
        try authenticate(&bare)
      }
    }
    #expect(accepted > 100)
  }
}
