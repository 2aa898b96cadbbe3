import ISO7816
import Terminal
import VirtualReader

/// The token and the C card that does nothing, in the two slots of one reader.
struct PCSCPair {
  let world: PrivateWorld
  /// The token, through PC/SC.
  let token: PCSCReader
  /// The C card, through PC/SC.
  let floor: PCSCReader
  private let floorProgram: CardProgram

  init(card: any CardChannel, floorCard: String) throws {
    world = try PrivateWorld.start(card: card)
    let program = [floorCard, VPCDCardEnd.defaultHost, String(world.secondPort)]
    floorProgram = try CardProgram(program)
    token = try PCSCReader.connect(to: world.readerName, service: world.service)
    floor = try Self.wait(for: world.secondReaderName, in: world)
  }

  /// The card in a reader, once it is there.
  static func wait(for reader: String, in world: PrivateWorld) throws -> PCSCReader {
    guard try world.service.wait(for: .present, in: reader, timeout: .seconds(20)) else {
      throw Failure("the card in \(reader) is not there after 20 s", status: 1)
    }
    return try PCSCReader.connect(to: reader, service: world.service)
  }
}

extension BenchmarkRow {
  /// Over a PC/SC reader: stock pcscd and vpcd.
  static let pcsc = [
    BenchmarkRow(
      name: "pcsc-round-trip", title: "GET CHALLENGE over PC/SC", floor: "C card, same reader"
    ) { site in
      let pair = try site.pcsc()
      return try Measurement.inTurns(
        .time, samples: site.amount(20_000, quick: 200),
        subject: { try timed { try pair.token.succeed(Command.getChallenge) } },
        floor: { try timed { try pair.floor.succeed(Command.getChallenge) } })
    },
    BenchmarkRow(
      name: "pcsc-sign", title: "RSA-2048 signature over PC/SC",
      floor: "C card, same bytes + libcrypto"
    ) { site in
      let pair = try site.pcsc()
      let libcrypto = try BareSignature()
      var result = try Measurement.inTurns(
        .time, samples: site.amount(2000, quick: 100),
        subject: { try timed { try pair.token.succeed(Command.sign) } },
        floor: {
          try timed {
            try pair.floor.succeed(Command.sign)
            try libcrypto.sign()
          }
        })
      result.notes = [try OpenSSL.signaturesPerSecond(seconds: site.amount(3, quick: 1))]
      return result
    },
  ]
}

/// The commands the rows send.
enum Command {
  static let select: [UInt8] = [0x00, 0xA4, 0x08, 0x04, 0x04, 0x11, 0x00, 0x11, 0x01, 0x00]
  static let readBinary: [UInt8] = [0x00, 0xB0, 0x00, 0x00, 0xFF]
  /// ISO/IEC 7816-4, 11.6.3: eight random bytes.
  static let getChallenge: [UInt8] = [0x00, 0x84, 0x00, 0x00, 0x08]
  /// COMPUTE DIGITAL SIGNATURE over what PKCS #1 signs for SHA-256: 19 bytes and the digest.
  static let sign = CommandAPDU.bytes(
    ins: 0x2A, p1: 0x9E, p2: 0x9A, data: [UInt8](repeating: 0x5A, count: 51), ne: 256)

  static func verify(_ reference: UInt8, _ pin: String) -> [UInt8] {
    CommandAPDU.bytes(ins: 0x20, p2: reference, data: CardSession.padded(pin))
  }
}

extension CardChannel {
  /// Sends a command that must succeed; answers nothing, so that only the wire is measured.
  func succeed(_ command: [UInt8]) throws {
    var response: [UInt8] = []
    try succeed(command, into: &response)
  }

  /// As `succeed`, into a buffer that is there already.
  func succeed(_ command: [UInt8], into response: inout [UInt8]) throws {
    try transmit(command.span, into: &response)
    guard response.suffix(2) == [0x90, 0x00] else {
      throw Failure(
        "\(Hex.text(command)) was answered \(Hex.text(Array(response.suffix(2))))", status: 1)
    }
  }
}
