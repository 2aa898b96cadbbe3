import Foundation
import GRDB

/// Guesses at one-time passwords: a password ends after a few wrong ones, the day after a few more. A
/// new password does not renew the day's.
extension Authority {
  /// Spends a try of the password and one of the day, before anything is compared: who kills the
  /// process, or asks over many connections at once, buys no free guess.
  ///
  /// - Returns: the password to compare with; nil where none is good any more.
  func spendTry(
    of credential: RemoteCredential, _ attempted: String, _ now: Date
  ) throws(AuthorityError) -> UserCodeHash? {
    let (isLocked, known) = try store.write(attempted) { database -> (Bool, UserCodeHash?) in
      let log = try EventLog(database, now)
      let device = try existing(credential.deviceID, database)
      try refuse(credential, of: device, attempted, now, database)
      guard try wrongPasswords(of: device, now, database) < Self.wrongPasswordsADay else {
        try tellOfLock(device, log)
        return (true, nil)
      }
      try database.execute(
        sql: """
          INSERT INTO wrongPassword VALUES (?1, ?2, 1) ON CONFLICT (deviceId) DO UPDATE
          SET count = CASE WHEN day < ?2 THEN 1 ELSE count + 1 END, day = max(day, ?2)
          """, arguments: [device.id, Day(now).description])
      let row = try Row.fetchOne(
        database,
        sql: """
          UPDATE oneTimePassword SET triesLeft = triesLeft - 1
          WHERE credentialId = ? AND triesLeft > 0 AND expiresAt >= ? RETURNING *
          """, arguments: [credential.id, now.seconds])
      return (false, row.map { UserCodeHash(salt: $0.bytes("salt"), hash: $0.bytes("hash")) })
    }
    guard !isLocked else {
      try deliver()
      throw locked(attempted, now)
    }
    return known
  }

  /// Writes down a wrong password whose try was spent; the one that locks the day is told the holder.
  func recordWrongPassword(
    for credential: RemoteCredential, _ attempted: String, _ now: Date
  ) throws(AuthorityError) {
    try store.write(attempted) { database in
      let log = try EventLog(database, now)
      let device = try existing(credential.deviceID, database)
      let left = Self.wrongPasswordsADay - (try wrongPasswords(of: device, now, database))
      try log.append(
        .oneTimePasswordWrong, device: device.id,
        ["credentialID": credential.id, "triesLeftToday": String(max(0, left))])
      if left <= 0 { try tellOfLock(device, log) }
    }
    try deliver()
  }

  /// Why there is no remote signature after too many wrong passwords.
  func locked(_ attempted: String, _ now: Date) -> AuthorityError {
    let tomorrow = Day(now).adding(days: 1)
    return AuthorityError(
      attempted, .locked(until: tomorrow),
      "\(Self.wrongPasswordsADay) wrong one-time passwords on \(Day(now)) have locked it; again from "
        + "\(tomorrow) on (UTC)")
  }

  // MARK: - Inside a transaction

  /// Refuses what the device, or the credential's own certificate, does not allow now.
  func refuse(
    _ credential: RemoteCredential, of device: Device, _ attempted: String, _ now: Date,
    _ database: Database
  ) throws {
    try refuseRemoteSignature(of: device, attempted, now, database)
    guard credential.notBefore <= now, now <= credential.notAfter else {
      throw AuthorityError(attempted, .state, "the certificate is not valid on \(Day(now))")
    }
    let revocation = try StatusOnDay(authority: self, database: database, now: now)
      .revocation(credential.issuerName, credential.serialNumber)
    guard revocation == nil else {
      throw AuthorityError(attempted, .state, "its certificate is revoked or suspended")
    }
  }

  /// How many wrong passwords the day has seen. A clock that was set back renews nothing.
  func wrongPasswords(of device: Device, _ now: Date, _ database: Database) throws -> Int {
    try Int.fetchOne(
      database, sql: "SELECT count FROM wrongPassword WHERE deviceId = ? AND day >= ?",
      arguments: [device.id, Day(now).description]) ?? 0
  }

  /// Once a day.
  private func tellOfLock(_ device: Device, _ log: EventLog) throws {
    let today = Day(log.now)
    let message = try post(
      .remoteSignatureLock, about: today.description, to: device,
      "TEST - Your remote signature is locked until tomorrow",
      """
      TEST - nothing here concerns a real person.

      \(Self.wrongPasswordsADay) wrong one-time passwords were given on \(today) for the remote
      signature of your device \(device.cardNumber). It is locked until \(today.adding(days: 1)), \
      0:00 UTC.
      If it was not you, somebody knows your access token: ask for a new one, or suspend the device.
      """, log)
    guard message != nil else { return }
    try log.append(.remoteSignatureLocked, device: device.id, ["until": "\(today.adding(days: 1))"])
  }
}
