import Cryptography
import ISO7816
import Issuance
import Terminal

@testable import Firmware
@testable import TokenHost

/// A card in a slot, for tests that write APDUs in hexadecimal.
protocol PoweredCard {
  var slot: Slot? { get }
}

extension PoweredCard {
  /// Sends a command APDU in hexadecimal; answers the response APDU the same way.
  func send(_ hex: String) throws -> String {
    guard let slot, let bytes = Hex.bytes(hex) else { return "" }
    return Hex.text(try slot.transmit(bytes))
  }

  /// Sends a command APDU whose data field is these bytes.
  func send(_ header: String, _ data: [UInt8], ne: Int? = nil) throws -> String {
    guard let header = Hex.bytes(header), header.count == 4 else { return "" }
    return try send(
      Hex.text(
        CommandAPDU.bytes(
          cla: header[0], ins: header[1], p1: header[2], p2: header[3], data: data, ne: ne)))
  }

  /// VERIFY with the code padded to eight bytes.
  func verify(_ reference: String, _ code: String) throws -> String {
    try send("002000\(reference)08" + Hex.text(CardSession.padded(code)))
  }

  /// CHANGE REFERENCE DATA.
  func change(_ reference: String, _ old: String, to new: String) throws -> String {
    try send("002400\(reference)", CardSession.padded(old) + CardSession.padded(new))
  }

  /// RESET RETRY COUNTER with code and new value.
  func unblock(_ reference: String, _ code: String, new: String) throws -> String {
    try send("002C00\(reference)", CardSession.padded(code) + CardSession.padded(new))
  }

  /// EXTERNAL AUTHENTICATE with the chip's transport key.
  func authenticateIssuer() throws {
    guard let slot else { return }
    try CardIssuer(CardSession(slot)).authenticate(transportKey: IssuedImage.transportKey)
  }

  /// What the empty VERIFY tells.
  func tries(_ reference: String) throws -> String { try send("002000\(reference)") }

  /// CREATE FILE in the current directory.
  ///
  /// - Parameter access: read, update, append, deactivate, activate, delete, administer, create, -.
  func create(
    _ identifier: UInt16, _ structure: FileStructure, size: Int = 0, record: UInt8 = 0,
    access: [UInt8] = [UInt8](repeating: 0, count: 9)
  ) throws -> String {
    let size =
      structure == .dedicated ? [] : TLV.bytes(0x80, [UInt8(size >> 8), UInt8(size & 0xFF)])
    return try send(
      "00E00000",
      TLV.bytes(
        0x62,
        size + TLV.bytes(0x82, [structure.rawValue, 0x00, record])
          + TLV.bytes(0x83, [UInt8(identifier >> 8), UInt8(identifier & 0xFF)])
          + TLV.bytes(0x86, access)))
  }

  /// PUT DATA `016E` for a private key that will be generated.
  func putKey(
    _ identifier: UInt8, bits: Int, algorithm: UInt8 = 0x08, use: UInt8 = 0x00,
    options: UInt8 = 0x02
  ) throws -> String {
    try send(
      "00DA016E",
      TLV.bytes(0x83, [0x20, identifier])
        + TLV.bytes(0x85, [options, 0x00, algorithm, 0x00, 0xFF, 0x00, 0x00, 0x00])
        + TLV.bytes(0x86, [use, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0xFF, 0xFF])
        + TLV.bytes(0x8F, [UInt8(bits >> 8), UInt8(bits & 0xFF)]))
  }

  /// GENERATE ASYMMETRIC KEY PAIR with its public part into a file of the current directory.
  func generate(_ identifier: UInt8, into file: UInt16, ne: Int? = nil) throws -> String {
    try send(
      "004600" + Hex.text([identifier]),
      [0x20, identifier, UInt8(file >> 8), UInt8(file & 0xFF), 0x00, 0x10, 0x00, 0x20], ne: ne)
  }

  /// The response to a command that the card must carry out: its data, whole.
  func data(
    _ header: String, _ data: [UInt8] = [], ne: Int? = 256
  ) throws -> [UInt8] {
    guard let slot, let header = Hex.bytes(header), header.count == 4 else { return [] }
    return try CardSession(slot).command(
      "answer", ins: header[1], p1: header[2], p2: header[3], data: data, ne: ne)
  }
}

/// A chip in memory that an issuer builds by hand, its issuer authenticated.
final class BuiltCard: PoweredCard {
  let slot: Slot?
  let issuer: CardIssuer

  /// - Parameters:
  ///   - state: where the chip's life stands.
  ///   - policy: where given, the card has the structure of an issued one.
  init(
    _ state: LifeCycle = .initialised, policy: ReferencePolicy? = nil,
    buttonPatience: Duration = .milliseconds(1)
  ) throws {
    let slot = Slot(
      volatile: IssuedImage.identity, randomness: .seeded(5, label: "built card"),
      buttonPatience: buttonPatience)
    self.slot = slot
    _ = try slot.powerOn()
    issuer = CardIssuer(CardSession(slot))
    try issuer.authenticate(transportKey: IssuedImage.transportKey)
    guard state != .manufactured else { return }
    if state == .terminated {
      try issuer.enter(.terminated)
      return
    }
    try issuer.enter(.initialised)
    if let policy { try issuer.createStructure(IssuedImage.codes, policy) }
    guard state != .initialised else { return }
    try issuer.enter(.personalised)
    guard state != .personalised else { return }
    try issuer.enter(.operational)
  }

  /// Takes power away and gives it again.
  func restart() throws {
    slot?.powerOff()
    _ = try slot?.powerOn()
  }
}
