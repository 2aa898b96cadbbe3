import Foundation
import GRDB

/// Why a device is replaced by a new one, as the command line, scenarios and books name it.
public enum ReplacementCause: String, CaseIterable, Sendable {
  /// It is defective; free of charge in the first years.
  case defect
  /// It is defective, and evidently from misuse: never replaced.
  case misuse
  /// PIN and PUK are blocked for good (*blocco involontario*).
  case involuntaryBlock = "involuntary-block"
  /// Its chip does not comply any more, and it is handed back, which may be cheaper.
  case chipReturned = "chip-returned"
  /// Its chip does not comply any more, and it is not handed back.
  case chipKept = "chip-kept"

  /// What the lists say of the old one.
  var reason: RevocationReason {
    switch self {
    case .defect, .misuse, .chipReturned, .chipKept: .superseded
    case .involuntaryBlock: .cessationOfOperation
    }
  }
}

extension Authority {
  /// Revokes a device, where that was not done, and orders a new one of its kind in its place, by
  /// the chamber's policy and at its price. An interrupted replacement is ordered anew.
  ///
  /// - Throws: rule `unknown`; `provider`; `window` with the days in which a defect is replaced;
  ///   `policy` for misuse, and for a chip that the chamber has no rule for; `state` where it was
  ///   replaced already.
  public func replace(
    _ device: Device, because cause: ReplacementCause, by registrar: String,
    at desk: Provider? = nil
  ) throws(AuthorityError) -> Personalisation {
    let attempted = "replacing device \(device.cardNumber)"
    try Requester.registrar(registrar).validate(attempted)
    try applyDue()
    let now = clock.now
    let provider = try store.read(attempted) { database in
      try replacement(of: device.id, cause, desk, attempted, now, database).judged.provider
    }
    try prepare(provider)
    return try store.write(attempted) { database in
      let (old, order, judged) = try replacement(
        of: device.id, cause, desk, attempted, now, database)
      let log = try EventLog(database, now)
      try giveUpRenewal(of: old, log)
      for unfinished in try Device.fetch(database, "replaces = ?", [old.id])
      where unfinished.state != .abandoned { try giveUpRenewal(of: unfinished, log) }
      let open = try IssuedCertificate.fetch(
        database, "deviceId = ? AND notAfter >= ? AND \(IssuedCertificate.isNotFinallyRevoked)",
        [old.id, now.seconds])
      for certificate in open { try revoke(certificate, cause.reason, log) }
      try revokeRemote(of: old, cause.reason, log)
      let placed = try place(order, judged, replacing: old, log)
      try log.append(
        .replacementOrdered, device: old.id,
        [
          "cardNumber": placed.device.cardNumber.description, "cause": cause.rawValue,
          "by": registrar,
        ])
      return placed
    }
  }

  private func replacement(
    of id: Int64, _ cause: ReplacementCause, _ desk: Provider?, _ attempted: String, _ now: Date,
    _ database: Database
  ) throws -> (old: Device, order: DeviceOrder, judged: JudgedOrder) {
    let old = try existing(id, database)
    guard desk == nil || desk == old.provider else {
      throw AuthorityError(
        attempted, .provider(old.provider), "it belongs to \(old.provider)")
    }
    guard old.state == .active else {
      throw AuthorityError(attempted, .state, "its issuance is \(old.state.rawValue)")
    }
    guard try Device.fetch(database, "replaces = ?", [id]).allSatisfy({ $0.state != .active })
    else { throw AuthorityError(attempted, .state, "it was replaced already") }
    guard let holder = try fetchHolder(old.holderID, database) else {
      throw AuthorityError(attempted, .unknown, "no holder \(old.holderID)")
    }
    let policy = try policy(of: old.chamber, database)
    guard let provider = policy.provider(on: Day(now)) else {
      throw AuthorityError(attempted, .policy("providers"), "there is none on \(Day(now))")
    }
    let judged = JudgedOrder(
      holder: holder, policy: policy, provider: provider,
      fee: try fee(of: cause, for: old, policy, Day(now), attempted))
    let order = DeviceOrder(
      holderID: old.holderID, kind: old.kind, administration: old.administration,
      chamber: old.chamber)
    return (old, order, judged)
  }

  private func fee(
    of cause: ReplacementCause, for old: Device, _ policy: ChamberPolicy, _ today: Day,
    _ attempted: String
  ) throws(AuthorityError) -> Fee? {
    switch cause {
    case .misuse:
      throw AuthorityError(
        attempted, .policy("defectReplacement"),
        "the damage comes from misuse; only a defect is replaced free of charge")
    case .defect:
      let lastDay = old.issueDay.adding(years: policy.defectReplacementYears)
      guard today <= lastDay else {
        throw AuthorityError(
          attempted, .window(first: old.issueDay, last: lastDay),
          "a defective device is replaced within \(policy.defectReplacementYears) years of issue")
      }
      return .free
    case .involuntaryBlock:
      return policy.fee(for: old.kind)
    case .chipReturned, .chipKept:
      guard let rule = policy.rule(for: old.chip) else {
        throw AuthorityError(
          attempted, .policy("chips"),
          "\(policy.chamber) has no rule for the chip \(old.chip.rawValue)")
      }
      guard today >= rule.renewalBlockedFrom else {
        throw AuthorityError(
          attempted, .policy("chips"), "the chip complies until \(rule.renewalBlockedFrom)")
      }
      return cause == .chipReturned
        ? policy.fees.chipReplacement ?? policy.fee(for: old.kind) : policy.fee(for: old.kind)
    }
  }
}
