import Cryptography
public import ISO7816
public import Terminal

/// The codes a token is issued with, eight digits each.
public struct ReferenceCodes: Sendable {
  /// PIN of the CNS key.
  public var pin: String
  /// PUK of the CNS key.
  public var puk: String
  /// PIN of the signature key.
  public var signaturePIN: String
  /// PUK of the signature key.
  public var signaturePUK: String

  /// The four codes of a token.
  public init(pin: String, puk: String, signaturePIN: String, signaturePUK: String) {
    self.pin = pin
    self.puk = puk
    self.signaturePIN = signaturePIN
    self.signaturePUK = signaturePUK
  }
}

/// The issuer's side of a card: everything is done with command APDUs, over any channel.
public struct CardIssuer {
  private let card: CardSession

  /// An issuer that talks to the card through `card`.
  public init(_ card: CardSession) { self.card = card }

  // MARK: Who is asking

  /// EXTERNAL AUTHENTICATE with the chip's transport key: the AES-CMAC of eight random bytes.
  ///
  /// - Throws: `63Cx` where the key is not the card's.
  public func authenticate(transportKey: [UInt8]) throws(CardError) {
    let challenge = try card.challenge(8)
    let cryptogram = MessageAuthentication.aesCMAC(of: challenge.span, key: transportKey.span)
    _ = try card.command(
      "accept the issuer", ins: 0x82, p2: CardLayout.issuer, data: cryptogram)
  }

  /// The serial number of the chip, from EF.GDO.
  public func chipSerial() throws(CardError) -> [UInt8] {
    let contents = try card.readFile([0x2F02])
    guard contents.count == 10, contents[0] == 0x5A else {
      throw .unexpectedData(attempt: "read EF.GDO")
    }
    return Array(contents[2...])
  }

  /// The number of the card, from EF_IDCarta.
  public func cardNumber() throws(CardError) -> String {
    String(decoding: try card.readFile(CardLayout.cardIdentifier), as: UTF8.self)
  }

  /// Leads the card to the next state of its life.
  public func enter(_ state: LifeCycle) throws(CardError) {
    _ = try card.command(
      "enter the state \(state)", ins: 0xDA, p1: 0x01, p2: 0x83, data: [state.rawValue])
  }

  /// The state the card's life is in.
  public func state() throws(CardError) -> LifeCycle {
    let data = try card.command("tell its state", ins: 0xCA, p1: 0x01, p2: 0x83, ne: 256)
    guard data.count == 1, let state = LifeCycle(rawValue: data[0]) else {
      throw .unexpectedData(attempt: "tell its state")
    }
    return state
  }

  // MARK: Structure

  /// Leads an empty chip to the state in which it is personalised: files, PINs, PUKs, key objects,
  /// and nothing in them.
  public func initialise(
    transportKey: [UInt8], _ codes: ReferenceCodes, _ policy: ReferencePolicy = .standard
  ) throws(CardError) {
    try authenticate(transportKey: transportKey)
    try enter(.initialised)
    try createStructure(codes, policy)
    try enter(.personalised)
  }

  /// Creates files, PINs, PUKs, key objects and the security environment hosts restore.
  public func createStructure(_ codes: ReferenceCodes, _ policy: ReferencePolicy)
    throws(CardError)
  {
    for node in CardLayout.tree { try create(node, in: []) }
    try card.select([])
    for (slot, pin, puk, isPerUse, asksForButton) in [
      (KeySlot.authentication, codes.pin, codes.puk, false, false),
      (
        KeySlot.signature, codes.signaturePIN, codes.signaturePUK, policy.isSignaturePINPerUse,
        policy.asksForButton
      ),
    ] {
      let never = CardLayout.never
      try createObject(
        slot.puk, [0x02, policy.pukTries, 0x87, policy.pukTries, 0xFF, 0x00, 0x00, 8],
        access: [0x00, never, never], puk)
      try createObject(
        slot.pin,
        [
          policy.hasTransportPINs ? 0x82 : 0x02, policy.pinTries, 0x87, policy.pinTries,
          isPerUse ? 0x01 : 0xFF, 0x00, 0x00, policy.shortestPIN,
        ], access: [0x00, slot.pin, slot.puk], pin)
      try createKey(slot, asksForButton: asksForButton)
    }
    _ = try card.command(
      "create the security environment", ins: 0xDA, p1: 0x01, p2: 0x6D,
      data: TLV.bytes(0x83, [0x03]) + TLV.bytes(0x86, [0x00, 0x00])
        + TLV.bytes(0x8F, [0x00, 0x00, 0x00, 0x00, 0x00, 0x00]))
  }

  private func create(_ node: CardLayout.Node, in parent: CardPath) throws(CardError) {
    let never = CardLayout.never
    try card.select(parent)
    switch node {
    case .directory(let identifier, let name, let children):
      var access = [UInt8](repeating: never, count: 9)
      access[6] = CardLayout.issuer
      access[7] = CardLayout.issuer
      try createFile(name, [0x38, 0x00, 0x00], identifier, access)
      for child in children { try create(child, in: CardPath(parent.identifiers + [identifier])) }
    case .file(let identifier, let name, let size, let update):
      var access = [UInt8](repeating: never, count: 9)
      access[0] = CardLayout.always
      access[1] = update
      try createFile(
        name, [0x01, 0x00, 0x00], identifier, access,
        size: TLV.bytes(0x80, [UInt8(size >> 8), UInt8(size & 0xFF)]))
    }
  }

  private func createFile(
    _ name: String, _ descriptor: [UInt8], _ identifier: UInt16, _ access: [UInt8],
    size: [UInt8] = []
  ) throws(CardError) {
    let parameters =
      size + TLV.bytes(0x82, descriptor)
      + TLV.bytes(0x83, [UInt8(identifier >> 8), UInt8(identifier & 0xFF)])
      + TLV.bytes(0x86, access)
    _ = try card.command("create \(name)", ins: 0xE0, data: TLV.bytes(0x62, parameters))
  }

  /// Parameters: options, most tries, algorithm, errors, use count, -, -, least length.
  private func createObject(
    _ identifier: UInt8, _ parameters: [UInt8], access: [UInt8], _ code: String
  ) throws(CardError) {
    _ = try card.command(
      "create the code \(Hex.text([identifier]))", ins: 0xDA, p1: 0x01, p2: 0x6E,
      data: TLV.bytes(0x83, [0x00, identifier]) + TLV.bytes(0x85, parameters)
        + TLV.bytes(0x86, Self.complete(access)) + TLV.bytes(0x8F, Array(code.utf8)))
  }

  private func createKey(_ slot: KeySlot, asksForButton: Bool) throws(CardError) {
    let never = CardLayout.never
    let parameters: [UInt8] = [
      asksForButton ? 0x42 : 0x02, 0x00, 0x0C, 0x00, 0xFF, 0x00, 0x00, 0x00,
    ]
    let access = [slot.pin, never, never, never, never, never, CardLayout.issuer]
    _ = try card.command(
      "create the key object \(Hex.text([slot.key]))", ins: 0xDA, p1: 0x01, p2: 0x6E,
      data: TLV.bytes(0x83, [0x20, slot.key]) + TLV.bytes(0x85, parameters)
        + TLV.bytes(0x86, Self.complete(access)) + TLV.bytes(0x8F, [0x08, 0x00]))
  }

  private static func complete(_ access: [UInt8]) -> [UInt8] {
    access + [UInt8](repeating: CardLayout.never, count: 9 - access.count)
  }

  // MARK: Contents

  /// Writes EF_IDCarta (16 ASCII digits) and EF_DatiPersonali (up to 400 bytes).
  public func writeIdentity(cardNumber: String, personalData: [UInt8]) throws(CardError) {
    try card.updateFile(CardLayout.cardIdentifier, Array(cardNumber.utf8))
    try card.updateFile(CardLayout.personalData, personalData)
    try card.updateFile(
      CardLayout.processorData, Array("softdna TEST - not a real card".utf8))
  }

  /// Writes a certificate in DER over the one that is there; what is left of the file is zeroed.
  public func writeCertificate(_ der: [UInt8], for slot: KeySlot) throws(CardError) {
    guard der.count <= CardLayout.certificateSize else {
      throw .refused(attempt: "take a certificate of \(der.count) bytes", .notEnoughMemory)
    }
    let padding = [UInt8](repeating: 0, count: CardLayout.certificateSize - der.count)
    try card.updateFile(slot.certificate, der + padding)
  }

  /// The certificate in a slot, in DER, without padding; nil where there is none.
  public func readCertificate(of slot: KeySlot) throws(CardError) -> [UInt8]? {
    let contents = try card.readFile(slot.certificate)
    guard contents.count >= 4, contents[0] == 0x30, contents[1] == 0x82 else { return nil }
    let length = 4 + (Int(contents[2]) << 8 | Int(contents[3]))
    return length <= contents.count ? Array(contents[..<length]) : nil
  }

  // MARK: Keys

  /// Makes a new key pair in the card; answers modulus and public exponent.
  public func generateKey(_ slot: KeySlot) throws(CardError) -> (
    modulus: [UInt8], exponent: [UInt8]
  ) {
    let attempt = "generate the key \(Hex.text([slot.key]))"
    try card.select(slot.keyDirectory)
    let answer = try card.command(
      attempt, ins: 0x46, p2: slot.key,
      data: [
        0x20, slot.key, UInt8(slot.publicKeyFile >> 8), UInt8(slot.publicKeyFile & 0xFF), 0x00,
        0x10, 0x00, 0x20,
      ], ne: 256)
    do throws(StatusWord) {
      let span = answer.span
      guard let template = try TLV.find(0x7F49, in: span, 0..<span.count),
        let modulus = try TLV.find(0x81, in: span, template),
        let exponent = try TLV.find(0x82, in: span, template)
      else { throw .incorrectData }
      return (Array(answer[modulus]), Array(answer[exponent]))
    } catch {
      throw .unexpectedData(attempt: attempt)
    }
  }

  /// Signs a message with the slot's key after its PIN was verified: SHA-256 and RSASSA-PKCS1-v1_5
  /// (RFC 8017, 8.2). The card adds the padding.
  public func sign(_ message: [UInt8], with slot: KeySlot, pin: String) throws(CardError)
    -> [UInt8]
  {
    try card.select(slot.keyDirectory)
    try card.verify(slot.pin, pin)
    return try card.signBlock(Digest.sha256Info(message), key: slot.key)
  }
}
