import Foundation
import GRDB

/// That a device may be renewed, and until when.
public struct RenewalOffer: Equatable, Sendable {
  /// The device.
  public let device: Device
  /// The first day a renewal may be ordered, UTC: 90 days before the expiry day.
  public let firstDay: Day
  /// The last such day: the day before the expiry day.
  public let lastDay: Day
  /// The day the new certificates will end: three years after the old expiry day, so that
  /// renewing early costs the holder nothing.
  public let newExpiryDay: Day
  /// The renewal that was ordered before and interrupted; `renew` takes it up again.
  public let interrupted: Enrolment?
}

extension Authority {
  /// How many days before the expiry day renewal opens.
  public static let renewalDays = 90

  /// Whether the device may be renewed today.
  ///
  /// A renewal that was ordered within the window may be taken up again after it has closed: the
  /// order counts, and a device whose new keys are half in place could not be used otherwise.
  ///
  /// - Parameter identity: how the holder was identified; nil where device and PIN do it.
  /// - Throws: rule `unknown`; `state` where its first certificates never became active, or its
  ///   certificates are revoked or suspended, or the CAs end too early; `renewedOnce`; `chip` where
  ///   the chamber's policy blocks the renewal of such a chip; `window` with the first and last day;
  ///   `policy` where the chamber renews nothing over this channel; `delegation` or `field` where the
  ///   identity does not do; `clock`.
  public func renewalOffer(
    for device: Device, over channel: Channel = .counter, identity: IdentityCheck? = nil
  ) throws(AuthorityError) -> RenewalOffer {
    let now = clock.now
    return try store.read("offering a renewal") { database in
      _ = try EventLog(database, now)
      return try offer(device.id, over: channel, identity, now, database)
    }
  }

  /// Orders a renewal, or takes up an interrupted one: new keys, new requests, `certify` and
  /// `activate` follow as at issue. The old certificates stay good until `activate`.
  ///
  /// - Parameters:
  ///   - channel: `online` or another: what it costs, by the chamber's price list.
  ///   - identity: how the holder was identified, which is recorded; nil online, where device and PIN
  ///     do it.
  /// - Throws: as `renewalOffer(for:over:identity:)`.
  public func renew(
    _ device: Device, over channel: Channel = .counter, identity: IdentityCheck? = nil
  ) throws(AuthorityError) -> Enrolment {
    let attempted = "ordering a renewal"
    // Who is refused has nothing written; what is due may refuse it in the end.
    _ = try renewalOffer(for: device, over: channel, identity: identity)
    try applyDue()
    let now = clock.now
    return try store.write(attempted) { database in
      let offer = try offer(device.id, over: channel, identity, now, database)
      if let interrupted = offer.interrupted { return interrupted }
      let fees = try policy(of: offer.device.chamber, database).fees
      let enrolment = try insertEnrolment(
        .renewal, deviceID: device.id, expiryDay: offer.newExpiryDay,
        fee: channel == .online ? fees.renewalOnline : fees.renewalAtCounter, now: now, database)
      let log = try EventLog(database, now)
      if let identity {
        try log.append(
          .identityChecked, device: device.id, holder: offer.device.holderID,
          identity.recorded(over: channel))
      }
      try log.append(
        .renewalOrdered, device: device.id, ["newExpiryDay": offer.newExpiryDay.description])
      return enrolment
    }
  }

  private func offer(
    _ id: Int64, over channel: Channel, _ identity: IdentityCheck?, _ now: Date,
    _ database: Database
  ) throws -> RenewalOffer {
    let device = try existing(id, database)
    let attempted = "renewing device \(device.cardNumber)"
    let today = Day(now)
    try identity?.validate(attempted, on: today)
    let policy = try policy(of: device.chamber, database)
    guard policy.channels.contains(channel) else {
      throw AuthorityError(
        attempted, .policy("channels"), "\(device.chamber) renews nothing over \(channel.rawValue)")
    }
    guard device.state == .active else {
      throw AuthorityError(attempted, .state, "its issuance is \(device.state.rawValue)")
    }
    guard device.renewals == 0 else {
      throw AuthorityError(
        attempted, .renewedOnce,
        "it was renewed already, until \(device.expiryDay); a device is renewed once")
    }
    let firstDay = device.expiryDay.adding(days: -Self.renewalDays)
    let lastDay = device.expiryDay.adding(days: -1)
    let interrupted = try Enrolment.fetch(
      database, "deviceId = ? AND kind = 'renewal' AND state IN ('ordered', 'certified')", [id]
    ).first
    let chipRule = policy.rule(for: device.chip)
    if interrupted == nil, let chipRule, today >= chipRule.renewalBlockedFrom {
      throw AuthorityError(
        attempted, .chip(device.chip, renewalBlockedFrom: chipRule.renewalBlockedFrom),
        "its chip \(device.chip.rawValue) does not comply (EU Regulation 910/2014, annex II); "
          + "\(device.chamber) renews none from \(chipRule.renewalBlockedFrom) on")
    }
    guard interrupted != nil || (firstDay...lastDay).contains(today) else {
      throw AuthorityError(
        attempted, .window(first: firstDay, last: lastDay),
        "today is \(today); renewal is possible in the \(Self.renewalDays) days before "
          + "\(device.expiryDay), up to the day before it")
    }
    let good = try IssuedCertificate.fetch(
      database, "deviceId = ? AND revokedAt IS NULL", [id])
    guard Set(good.map(\.purpose)).count == CertificatePurpose.allCases.count else {
      throw AuthorityError(attempted, .state, "a certificate of it is revoked or suspended")
    }
    let newExpiryDay = device.expiryDay.adding(years: Self.validityYears)
    try requireCoverage(by: device.provider, from: now, to: newExpiryDay)
    return RenewalOffer(
      device: device, firstDay: firstDay, lastDay: lastDay, newExpiryDay: newExpiryDay,
      interrupted: interrupted)
  }

  /// What a renewal changes besides its own state: the old certificates and the device.
  func complete(renewal: Enrolment, _ log: EventLog) throws {
    let old = try IssuedCertificate.fetch(
      log.database,
      "deviceId = ? AND enrolmentId <> ? AND \(IssuedCertificate.isNotFinallyRevoked)",
      [renewal.deviceID, renewal.id])
    for certificate in old { try revoke(certificate, .superseded, log) }
    try log.database.execute(
      sql: "UPDATE device SET renewals = renewals + 1, expiryDay = ? WHERE id = ?",
      arguments: [renewal.expiryDay.description, renewal.deviceID])
  }
}
