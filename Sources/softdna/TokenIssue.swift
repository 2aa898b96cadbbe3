import Authority
import Cryptography
import ISO7816
import Firmware
import Foundation
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
      try removeUnfinishedToken()
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
      let device = try counter.handOver(order.enrolment, card: session)
      return IssuedToken(
        device: device, holder: application?.application.holder ?? holder,
        scratchCard: order.scratchCard,
        chainFile: authority.chainFile)
    }
  }

  /// An image whose card never reached its holder is what an interrupted issue left.
  private func removeUnfinishedToken() throws {
    guard FileManager.default.fileExists(atPath: directory.image) else { return }
    let slot = try Slot(opening: directory.image)
    _ = try slot.powerOn()
    let state = try CardIssuer(CardSession(slot)).state()
    guard state != .operational, state != .terminated else {
      throw Failure(
        "there is a token in \(directory.path) already; it is left as it is."
          + " Renew it (softdna authority renew) or name another directory.")
    }
    try FileManager.default.removeItem(atPath: directory.image)
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
