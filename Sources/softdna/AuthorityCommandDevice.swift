import ArgumentParser
import Authority
import Cryptography
import Firmware
import Foundation
import HostFiles
import Issuance
import Terminal
import TokenHost

/// `softdna authority renew`.
struct AuthorityRenewCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "renew",
    abstract: "Renew the token: new keys in the token, new certificates for three more years.",
    discussion: """
      Only in the 90 days before expiry, up to the day before, and once. The PINs are those of the \
      scratch card unless given.
      """)

  @OptionGroup var options: AuthorityOptions
  @Option(help: "The CNS PIN.") var pin: String?
  @Option(help: "The signature PIN.") var signaturePIN: String?
  @Flag(help: "Online, not at the counter: what it costs.") var online = false
  @Option(
    help: ArgumentHelp(
      """
      How the holder was identified at the counter, a YAML file with the keys of a request's \
      identity: it is judged and recorded.
      """, valueName: "file"))
  var identity: String?

  func validate() throws {
    guard !online || identity == nil else {
      throw ValidationError("--online: device and PIN tell who the holder is, not --identity.")
    }
  }

  func run() throws {
    struct Output: Encodable {
      let cardNumber: String
      let expires: Day
      let receipt: Receipt?
    }
    let directory = options.state.directory
    let identity = try self.identity.map { file in
      try failing { try AuthorityFile.identity(file) }
    }
    let slot = try directory.openToken()
    let authority = try options.open()
    let codes = try directory.readScratchCard()
    try failing(status: 1) {
      _ = try slot.powerOn()
      let session = CardSession(slot)
      let number = try CardIssuer(session).cardNumber()
      let device = try authority.device(try CardNumber(number))
      let renewed = try Counter(authority).renew(
        device, card: session, pin: pin ?? codes.pinCNS,
        signaturePIN: signaturePIN ?? codes.pinSignature, over: online ? .online : .counter,
        identity: identity
      ) { Console.note("  " + $0) }
      let receipt = try authority.receipts(of: renewed).last
      try options.print(
        Output(cardNumber: number, expires: renewed.expiryDay, receipt: receipt),
        or: "renewed \(number): valid until \(renewed.expiryDay.adding(days: -1))"
          + (receipt.map { "; \($0.line)" } ?? ""))
    }
  }
}

/// `softdna authority replace`.
struct AuthorityReplaceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replace",
    abstract: "Revoke the token and issue a new one in its place.",
    discussion: """
      The old token stays beside the new one as token-NUMBER.nv; the scratch card is the new one's. \
      An interrupted replacement is run again.
      """)

  @OptionGroup var options: AuthorityOptions
  @OptionGroup var device: DeviceOption
  @Option(help: "\(ReplacementCause.allCases.map(\.rawValue).joined(separator: ", ")).")
  var reason: ReplacementCause
  @Option(help: "The official at the counter.") var registrar = "TEST official"

  func run() throws {
    struct Output: Encodable {
      let cardNumber: String
      let replaces: String
      let receipt: Receipt?
    }
    let directory = options.state.directory
    let authority = try options.open()
    let old = try device.device(in: authority)
    // Named before the turn: who waited for another replacement does not replace the new one.
    let (device, receipt) = try directory.making {
      try failing(status: 1) { try replace(old, authority, directory) }
    }
    try options.print(
      Output(
        cardNumber: device.cardNumber.description, replaces: old.cardNumber.description,
        receipt: receipt),
      or: "\(device.cardNumber) replaces \(old.cardNumber)"
        + (receipt.map { "; \($0.line)" } ?? ""))
  }

  private func replace(_ old: Device, _ authority: Authority, _ directory: StateDirectory) throws
    -> (Device, Receipt?)
  {
    let replaced = try takeOut(directory)
    defer { withExtendedLifetime(replaced) {} }
    let replacement = directory.path + "/token-replacement.nv"
    let counter = Counter(authority)
    let order = try counter.replace(old, because: reason, by: registrar)
    try HostFile.remove(replacement)
    try personalise(order, at: replacement, counter)
    try directory.writeScratchCard(order.scratchCard)
    // Interrupted from here on, what is at the image's place is no old token any more.
    let kept = directory.path + "/token-\(old.cardNumber).nv"
    if access(kept, F_OK) != 0, access(directory.image, F_OK) == 0 {
      try HostFile.move(directory.image, to: kept)
    }
    try HostFile.move(replacement, to: directory.image)
    let token = try directory.openToken()
    _ = try token.powerOn()
    let held = CardSession(token)
    try CardIssuer(held).authenticate(transportKey: order.transportKey)
    let device = try counter.handOver(order.enrolment, card: held)
    return (device, try authority.receipts(of: device).last)
  }

  /// The old token, in nobody else's hands for as long as it is held: whoever has it plugged in would
  /// write what it does into the new one's place. A defective one may be damaged, or be gone.
  private func takeOut(_ directory: StateDirectory) throws -> Slot? {
    guard FileManager.default.fileExists(atPath: directory.image) else { return nil }
    do throws(ImageError) { return try Slot(opening: directory.image) } catch {
      guard error.isDamage else { throw Failure(error) }
      return nil
    }
  }

  /// Builds the new card; nobody holds its image afterwards.
  private func personalise(_ order: Personalisation, at path: String, _ counter: Counter) throws {
    let slot = try Slot(
      manufacturing: ChipIdentity(
        persona: order.device.chip.persona, serial: order.device.chipSerial,
        transportKey: order.transportKey),
      at: path,
      randomness: counter.authority.random.seed.map {
        .seeded($0, label: "token \(order.device.cardNumber)")
      } ?? .system)
    _ = try slot.powerOn()
    try counter.personalise(order, card: CardSession(slot)) { Console.note("  " + $0) }
    slot.powerOff()
  }
}
