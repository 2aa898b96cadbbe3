import Cryptography
import ISO7816
import Issuance
import Terminal
import TokenHost

/// A story that bytes tell: where a card stands, and what happens to it. Any bytes tell one, so that
/// a fuzzer can write it, or a seed.
public struct Story {
  /// Most things that happen in one story.
  static let longest = 200
  static let transportKey = [UInt8](repeating: 0x42, count: 16)

  private let step: LockStep
  private var input: ArraySlice<UInt8>

  /// What came of a story.
  public struct Outcome {
    /// Commands that were answered.
    public let commands: Int
    /// Power cuts that were survived.
    public let cuts: Int
    /// What token and model did not agree about.
    public let disagreement: String?
  }

  /// Lets a story happen.
  public static func tell(_ bytes: [UInt8]) -> Outcome {
    guard let first = bytes.first, let starts = try? starts.get() else {
      return Outcome(commands: 0, cuts: 0, disagreement: bytes.isEmpty ? nil : "no start")
    }
    var story = Story(
      step: LockStep(copying: starts[Int(first) % starts.count]), input: bytes.dropFirst())
    var events = 0
    while events < longest, story.step.disagreement == nil, let event = story.next() {
      story.happen(event)
      events += 1
    }
    return Outcome(
      commands: story.step.commands, cuts: story.step.cuts,
      disagreement: story.step.disagreement)
  }

  private mutating func next() -> UInt8? { input.popFirst() }

  private mutating func happen(_ event: UInt8) {
    switch event {
    case 0x00..<0xC0:
      var command = CommandDictionary.commands[Int(event) % CommandDictionary.commands.count]
      let change = next() ?? 0
      if change >= 0x80, let value = next() {
        command[Int(change & 0x7F) % command.count] = value
      }
      send(command)
    case 0xC0..<0xD0:
      // A cut that has not come by now comes in vain.
      _ = try? step.powerOn()
    case 0xD0..<0xE4:
      let write = Int(next() ?? 0) % 48 + 1
      step.supply.cut(
        atWrite: write, PowerCut.allCases[Int(event) % 4], noise: UInt64(next() ?? 0))
    case 0xE4..<0xEC: authenticate(isRight: event != 0xE4)
    case 0xEC..<0xF0: makeKey(cutting: next() ?? 0)
    default:
      let count = Int(next() ?? 0) % 48
      let command = Array(input.prefix(count))
      input = input.dropFirst(count)
      send(command)
    }
  }

  private func send(_ command: [UInt8]) {
    // Making RSA keys takes longer than a thousand other commands.
    guard !step.model.wouldGenerateRSA(command) else { return }
    _ = try? step.transmit(command)
  }

  /// A new key pair, which seldom comes about by chance; with a cut while it is written.
  private func makeKey(cutting cut: UInt8) {
    authenticate(isRight: true)
    send([0x00, 0xA4, 0x08, 0x0C, 0x04, 0x14, 0x00, 0x81, 0x10])
    if cut >= 0x40 {
      step.supply.cut(
        atWrite: Int(cut & 0x3F) + 1, PowerCut.allCases[Int(cut >> 6)], noise: UInt64(cut))
    }
    send([0x00, 0x46, 0x00, 0x05, 0x08, 0x20, 0x05, 0x70, 0x01, 0x00, 0x10, 0x00, 0x20])
  }

  /// EXTERNAL AUTHENTICATE as the issuer, or as somebody who would like to be.
  private func authenticate(isRight: Bool) {
    guard let answer = try? step.transmit([0x00, 0x84, 0x00, 0x00, 0x08]), answer.count == 10,
      var key = step.model.transportKey
    else { return }
    if !isRight { key[0] ^= 1 }
    let challenge = Array(answer.prefix(8))
    let code = MessageAuthentication.aesCMAC(of: challenge.span, key: key.span)
    _ = try? step.transmit(CommandAPDU.bytes(ins: 0x82, p2: Persistent.issuer, data: code))
  }

  // MARK: Where stories begin

  /// Cards at several points of their life, built in lock-step too.
  private static let starts = Result { try begin() }

  private static func begin() throws -> [LockStep] {
    let codes = ReferenceCodes(
      pin: "12345678", puk: "87654321", signaturePIN: "11223344", signaturePUK: "44332211")
    let empty = LockStep(
      serial: [1, 2, 3, 4, 5, 6, 7, 8], transportKey: transportKey, seed: 1)
    _ = try empty.powerOn()
    let initialised = LockStep(copying: empty)
    let issuer = CardIssuer(CardSession(initialised))
    try issuer.authenticate(transportKey: transportKey)
    try issuer.enter(.initialised)
    let result = try [ReferencePolicy.standard, strict].flatMap { policy in
      let card = LockStep(copying: initialised)
      let issuer = CardIssuer(CardSession(card))
      try issuer.createStructure(codes, policy)
      _ = try issuer.generateKey(.authentication)
      try addCurveKey(CardSession(card), use: 0x1A)
      try issuer.enter(.personalised)
      let issued = LockStep(copying: card)
      try CardIssuer(CardSession(issued)).enter(.operational)
      return [card, issued]
    }
    return [result[1], result[3], result[0], initialised, empty]
  }

  /// The image of a card in a holder's hands.
  static var issuedImage: [UInt8]? { (try? starts.get())?.first?.slot.image }

  private static var strict: ReferencePolicy {
    var policy = ReferencePolicy.standard
    policy.isSignaturePINPerUse = true
    policy.hasTransportPINs = true
    policy.asksForButton = true
    return policy
  }

  /// A key on P-256 that the PIN with this identifier guards, its public part in file 7001.
  private static func addCurveKey(_ card: CardSession, use: UInt8) throws {
    try card.select([0x1400, 0x8110])
    let rules: [UInt8] = [use, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x1F, 0xFF, 0xFF]
    _ = try card.command(
      "create a file", ins: 0xE0,
      data: TLV.bytes(
        0x62,
        TLV.bytes(0x80, [0x00, 0x80]) + TLV.bytes(0x82, [0x01, 0x00, 0x00])
          + TLV.bytes(0x83, [0x70, 0x01])
          + TLV.bytes(0x86, [0x00, 0x1F] + [UInt8](repeating: 0x1F, count: 7))))
    _ = try card.command(
      "create a key", ins: 0xDA, p1: 0x01, p2: 0x6E,
      data: TLV.bytes(0x83, [0x20, 0x05])
        + TLV.bytes(0x85, [0x02, 0x00, 0xEC, 0x00, 0xFF, 0x00, 0x00, 0x00])
        + TLV.bytes(0x86, rules) + TLV.bytes(0x8F, [0x01, 0x00]))
    _ = try card.command(
      "make a key", ins: 0x46, p2: 0x05,
      data: [0x20, 0x05, 0x70, 0x01, 0x00, 0x10, 0x00, 0x20])
  }
}

extension CardModel {
  /// The command makes an RSA key.
  fileprivate func wouldGenerateRSA(_ command: [UInt8]) -> Bool {
    guard command.count > 4, command[1] == 0x46, command[2] == 0x00,
      let number = persistent.object(
        command[3] & 0x1F, isKey: true, from: volatile.directory),
      case .rsa = persistent.objects[number]?.kind
    else { return false }
    return true
  }

  /// The key that proves the issuer now.
  fileprivate var transportKey: [UInt8]? {
    persistent.object(Persistent.issuer, isKey: false, from: volatile.directory)
      .flatMap { persistent.objects[$0]?.value }.flatMap { $0.count == 16 ? $0 : nil }
  }
}
