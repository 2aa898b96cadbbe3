import Authority
import Cryptography
import ISO7816
import Firmware
import Foundation
import HostFiles
import Issuance
import Terminal
import TokenHost

/// What an issue leaves behind.
struct IssuedToken {
  let device: Device
  let holder: Holder
  let scratchCard: ScratchCard
  let chainFile: String
}

/// Issues a token into a state directory. Interrupted at any moment, it can be run again: there is a
/// whole token afterwards, or none.
struct TokenIssue {
  let directory: StateDirectory
  let holder: Holder
  let chip: Chip
  let kind: DeviceKind
  let seed: UInt64?
  let clock: AuthorityClock
  /// The chamber it is issued by; nil: one without dates and fees.
  var chamber: ChamberPolicy?
  /// The number of the accepted request it is issued on, which then says holder, device and chamber.
  var request: Int64?
  /// Where the authority is, for one that is made now; nil: where it is or by default.
  var authorityURL: String?
  /// PIN rules and the button.
  var policy = ReferencePolicy.standard

  func run(progress: (String) -> Void) throws -> IssuedToken {
    try failing { try holder.validate() }
    if let defect = policy.defect { throw Failure(defect) }
    return try directory.making { try issue(progress) }
  }

  private func issue(_ progress: (String) -> Void) throws -> IssuedToken {
    try failing {
      if let issued = try takeUpToken() { return issued }
      progress("opening the authority (root, CNS CA and qualified CA, all TEST)")
      let authority = try Authority(
        directory: directory.path,
        settings: Authority.Settings(seed: seed, baseURL: authorityURL), clock: clock)
      let counter = Counter(authority)
      if let chamber { try authority.adopt(chamber) }
      for enrolment in try authority.enrolmentsUnderWay() { try authority.abandon(enrolment) }
      let application = try request.map { number in
        try failing(status: 1) { try authority.application(number) }
      }
      let order =
        try application.map { application in
          try failing(status: 1) { try counter.order(for: application, chip: chip) }
        } ?? counter.order(for: holder, chip: chip, kind: kind, chamber: chamber?.chamber)
      let slot = try Slot(
        manufacturing: ChipIdentity(
          persona: chip.persona, serial: order.device.chipSerial,
          transportKey: order.transportKey),
        at: directory.image,
        randomness: seed.map { .seeded($0, label: "token \(order.device.cardNumber)") } ?? .system)
      _ = try slot.powerOn()
      let session = CardSession(slot)
      try counter.personalise(order, card: session, policy: policy, progress: progress)
      try directory.writeScratchCard(order.scratchCard)
      try HostFile.replace(directory.handOverMark, with: Data())
      let device = try counter.handOver(order.enrolment, card: session)
      try HostFile.remove(directory.handOverMark)
      return IssuedToken(
        device: device, holder: application?.application.holder ?? holder,
        scratchCard: order.scratchCard,
        chainFile: authority.chainFile)
    }
  }

  /// What an interrupted issue left: an image whose card never reached its holder is removed, and nil
  /// answered; a card that did, and of which only the books do not know, is entered there. Any other
  /// token stays as it is.
  private func takeUpToken() throws -> IssuedToken? {
    guard FileManager.default.fileExists(atPath: directory.image) else { return nil }
    let slot = try Slot(opening: directory.image)
    _ = try slot.powerOn()
    let issuer = CardIssuer(CardSession(slot))
    switch try issuer.state() {
    case .operational:
      if let issued = try enter(CardNumber(issuer.cardNumber())) { return issued }
      fallthrough
    case .terminated:
      throw Failure(
        "there is a token in \(directory.path) already; it is left as it is."
          + " Renew it (softdna authority renew) or name another directory.")
    default:
      try HostFile.remove(directory.image)
      return nil
    }
  }

  /// Tells the authority that a card holds its certificates, where the hand-over was interrupted; nil
  /// where it knows.
  private func enter(_ number: CardNumber) throws -> IssuedToken? {
    guard FileManager.default.fileExists(atPath: directory.handOverMark) else { return nil }
    defer { _ = try? HostFile.remove(directory.handOverMark) }
    let card = try directory.readScratchCard()
    let authority = try Authority(directory: directory.path, clock: clock)
    let device = try authority.device(number)
    let underWay = try authority.enrolmentsUnderWay().filter { $0.deviceID == device.id }
    // A first issue only: a renewal is taken up by `authority renew`, a replacement by its own.
    guard device.replaces == nil, device.state != .active,
      let enrolment = underWay.first(where: { $0.kind == .issuance })
    else { return nil }
    return IssuedToken(
      device: try authority.activate(enrolment),
      holder: try authority.holder(device.holderID).holder,
      scratchCard: card, chainFile: authority.chainFile)
  }
}

extension Chip {
  /// What a chip of this kind passes for.
  var persona: Persona {
    switch self {
    case .current: .current
    case .cosmoV9: .cosmoV9
    case .jsign3: .jsign3
    }
  }
}
