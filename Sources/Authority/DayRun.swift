import GRDB

/// What a day brought.
public struct DayReport: Equatable, Sendable {
  /// The day, UTC.
  public let day: Day
  /// The messages that went out.
  public let messages: [Message]
  /// The subscription certificates that were revoked because of their chip.
  public let revoked: [IssuedCertificate]
  /// The devices whose certificates end today or have ended.
  public let expired: [Device]
}

extension Authority {
  /// Does what has fallen due by today: expiry notices, revocations of subscription certificates in
  /// chips that do not comply, offers of the remote signature. Done again, it does nothing again;
  /// days that nobody ran are made up for, each revocation dated on its day.
  ///
  /// - Throws: rule `database`, `file`.
  @discardableResult
  public func runDay() throws(AuthorityError) -> DayReport {
    let attempted = "running the day"
    let now = clock.now
    let report = try store.write(attempted) { database in
      let report = try self.day(EventLog(database, now))
      try database.execute(
        sql: """
          INSERT INTO dayRun VALUES (1, ?1)
          ON CONFLICT (id) DO UPDATE SET day = max(day, excluded.day)
          """, arguments: [Day(now).description])
      return report
    }
    try deliver()
    return report
  }

  /// Runs the day unless somebody has: what is done to a device begins with it. Who only asks runs
  /// nothing: answers know by themselves what is due (`StatusOnDay`).
  func applyDue() throws(AuthorityError) {
    let now = clock.now
    let isRun = try store.read("looking for what is due") { database in
      // ISO 8601 days are ordered like their texts. Nothing falls due on a day that is over.
      let last = try String.fetchOne(database, sql: "SELECT day FROM dayRun") ?? ""
      return try last >= Day(now).description || EventLog.day(after: now, database) != nil
    }
    guard !isRun else { return }
    try runDay()
  }

  /// Has the next operation run the day again: what is due may have changed.
  func forgetDayRun(_ database: Database) throws {
    try database.execute(sql: "DELETE FROM dayRun")
  }

  private func day(_ log: EventLog) throws -> DayReport {
    let today = Day(log.now)
    var messages: [Message] = []
    var revoked: [IssuedCertificate] = []
    var expired: [Device] = []
    var policies: [String: ChamberPolicy] = [:]
    let devices = try Device.fetch(log.database, "1 = 1", []).filter { $0.state == .active }
    for device in devices {
      let policy = try policies[device.chamber] ?? policy(of: device.chamber, log.database)
      policies[device.chamber] = policy
      let rule = policy.rule(for: device.chip)
      let ended = try revokeSignature(of: device, log)
      revoked += ended
      guard today < device.expiryDay else {
        expired.append(device)
        continue
      }
      if let rule, today >= rule.signatureRevokedOn {
        messages += try tell(device, of: ended, rule, policy, log)
      }
      messages += try noticeOfExpiry(device, rule, log)
    }
    return DayReport(day: today, messages: messages, revoked: revoked, expired: expired)
  }

  private func revokeSignature(of device: Device, _ log: EventLog) throws -> [IssuedCertificate] {
    let due = try due(by: log.now, "certificate.deviceId = ?", [device.id], log.database)
    for ended in due {
      try revoke(ended.certificate, .privilegeWithdrawn, at: ended.knownFrom, log)
    }
    return due.map(\.certificate)
  }

  private func tell(
    _ device: Device, of revoked: [IssuedCertificate], _ rule: ChamberPolicy.ChipRule,
    _ policy: ChamberPolicy, _ log: EventLog
  ) throws -> [Message] {
    var messages: [Message?] = []
    if !revoked.isEmpty {
      messages.append(
        try post(
          .chipRevocation, about: rule.signatureRevokedOn.description, to: device,
          "TEST - Your subscription certificate was revoked",
          """
          TEST - nothing here concerns a real person.

          The chip of your device \(device.cardNumber) does not comply with EU Regulation
          910/2014, annex II. Its subscription certificate was revoked on \
          \(rule.signatureRevokedOn).
          The CNS authentication certificate stays valid until \(device.expiryDay.adding(days: -1)).
          """, log))
    }
    if let from = policy.remoteSignatureFrom, from <= Day(log.now) {
      messages.append(
        try post(
          .remoteSignatureOffer, about: from.description, to: device,
          "TEST - A free remote signature is offered to you",
          """
          TEST - nothing here concerns a real person.

          The device \(device.cardNumber) signs no more. Since \(from) you may sign remotely,
          free of charge, one signature at a time.
          """, log))
    }
    return messages.compactMap { $0 }
  }

  private func noticeOfExpiry(
    _ device: Device, _ rule: ChamberPolicy.ChipRule?, _ log: EventLog
  ) throws -> [Message] {
    let today = Day(log.now)
    let first = device.expiryDay.adding(days: -Self.renewalDays)
    guard today >= first else { return [] }
    let open = try IssuedCertificate.fetch(
      log.database, "deviceId = ? AND notAfter >= ? AND \(IssuedCertificate.isNotFinallyRevoked)",
      [device.id, log.now.seconds])
    guard !open.isEmpty else { return [] }
    let isBlocked = rule.map { today >= $0.renewalBlockedFrom } ?? false
    let advice =
      device.renewals > 0
      ? "It was renewed before and cannot be renewed again: ask for a new device."
      : isBlocked
        ? "Its chip does not comply any more, so that it cannot be renewed: ask for a new device."
        : "You can renew it once, until \(device.expiryDay.adding(days: -1)), for three more years."
    let message = try post(
      .expiry, about: device.expiryDay.description, to: device,
      "TEST - Your device expires on \(device.expiryDay)",
      """
      TEST - nothing here concerns a real person.

      The certificates of your device \(device.cardNumber) are valid until \
      \(device.expiryDay.adding(days: -1)).
      \(advice)
      """, log)
    return message.map { [$0] } ?? []
  }
}
