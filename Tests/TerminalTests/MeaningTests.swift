import ISO7816
import Terminal
import Testing

@Suite("Meanings") struct MeaningTests {
  static let constants: [StatusWord] = [
    .success, .endOfFileReached, .selectedFileDeactivated, .selectedFileTerminated,
    .authenticationFailed, .memoryFailure, .wrongLength, .logicalChannelNotSupported,
    .secureMessagingNotSupported, .lastCommandOfChainExpected, .commandChainingNotSupported,
    .commandIncompatibleWithFile, .securityStatusNotSatisfied, .authenticationMethodBlocked,
    .referenceDataNotUsable, .conditionsOfUseNotSatisfied, .noCurrentFile, .incorrectData,
    .functionNotSupported, .fileNotFound, .recordNotFound, .notEnoughMemory,
    .lengthInconsistentWithTLV, .incorrectP1P2, .lengthInconsistentWithP1P2,
    .referencedDataNotFound, .fileAlreadyExists, .offsetOutsideFile, .instructionNotSupported,
    .classNotSupported, .noPreciseDiagnosis,
  ]

  @Test("every status word the card knows has its own") func constantMeanings() {
    let meanings = Self.constants.map(\.meaning)
    #expect(Set(meanings).count == Self.constants.count)
    #expect(!meanings.contains { $0.isEmpty || $0 == StatusWord(0x1234).meaning })
    // None of them is only what its first byte says.
    for word in Self.constants {
      #expect(word.meaning != StatusWord(sw1: word.sw1, sw2: 0x7E).meaning || word.sw2 == 0)
    }
  }

  @Test("every other status word has one too") func allMeanings() {
    for value in UInt16.min...UInt16.max { #expect(!StatusWord(value).meaning.isEmpty) }
    #expect(StatusWord(0x63C1).meaning == "not verified; 1 try left")
    #expect(StatusWord(0x63C0).meaning == "not verified; 0 tries left")
    #expect(StatusWord(0x6110).meaning == "16 bytes wait for GET RESPONSE")
    #expect(StatusWord(0x6C00).meaning == "wrong Le; 256 would be right")
    #expect(StatusWord(0x6A82).text == "6A82")
  }

  @Test(
    "commands are told in words",
    arguments: [
      ("00A4080C0411001102", "SELECT 3F00/1100/1102"), ("00A40000", "SELECT the master file"),
      ("00A40800", "SELECT 3F00"), ("00A4030C", "SELECT the parent directory"),
      ("00A4040405A00000053000", "SELECT application A000000530"),
      ("00A4080C03110011", "SELECT 3F00/1100/11"),
      ("00B00100FF", "READ BINARY, 255 bytes from 0100"),
      ("0020001008 3132333435363738", "VERIFY PIN (CNS)"),
      ("0020009A", "VERIFY PIN (signature): how many tries?"),
      ("0022F30300", "MANAGE SECURITY ENVIRONMENT: RESTORE 03"),
      ("102A9E9A0101", "PSO: COMPUTE DIGITAL SIGNATURE, 1 bytes, to be continued"),
      ("0084000008", "GET CHALLENGE, 8 bytes"), ("00FF0000", "unknown instruction FF"),
      ("80D80000", "instruction D8 of the proprietary class 80"),
      ("0C2000900100", "VERIFY 0090 under secure messaging, 1 bytes"),
      ("60200090", "VERIFY 0090 under secure messaging"),
      ("00260010", "DISABLE VERIFICATION REQUIREMENT"), ("00CB3FFF035C017E", "GET DATA, 3 bytes"),
      ("00E60000", "TERMINATE DF"), ("00E80000", "TERMINATE EF"),
      ("9024801F10" + String(repeating: "00", count: 16), "CHANGE KEY DATA 1F"),
      ("0046810100", "GENERATE ASYMMETRIC KEY PAIR 01: the public key there is"),
      ("0084", "not a command APDU (2 bytes whose lengths contradict each other)"),
    ])
  func commands(command: String, meaning: String) throws {
    #expect(CommandAPDU.meaning(of: try #require(Hex.bytes(command))) == meaning)
  }

  @Test("no PIN, PUK or key is ever told, whatever the form of the command")
  func secrets() throws {
    let secret: [UInt8] = Array("73915".utf8) + [0xFF, 0xFF, 0xFF]
    let spelled = [Hex.text(secret), Hex.text(secret.prefix(5)), "73915"]
    for instruction: UInt8 in [
      0x20, 0x21, 0x24, 0x25, 0x2C, 0x2D, 0x82, 0x86, 0x88, 0xD6, 0xDA, 0xDB,
    ] {
      for p1: UInt8 in [0x00, 0x01, 0x02, 0xF3, 0xFF] {
        for p2: UInt8 in [0x00, 0x10, 0x9A, 0x6E, 0xFF] {
          for cla: UInt8 in [0x00, 0x10, 0x0C, 0x90] {
            for data in [secret, Array(secret.prefix(5)), secret + secret] {
              for ne in [nil, 256] {
                let command = CommandAPDU.bytes(
                  cla: cla, ins: instruction, p1: p1, p2: p2, data: data, ne: ne)
                for bytes in [command, Array(command.dropLast()), command + [0]] {
                  let meaning = CommandAPDU.meaning(of: bytes)
                  #expect(!meaning.isEmpty)
                  #expect(!spelled.contains { meaning.contains($0) }, "\(meaning)")
                }
              }
            }
          }
        }
      }
    }
  }
}
