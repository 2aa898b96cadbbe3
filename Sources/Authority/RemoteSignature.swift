import Cryptography
import Foundation
import GRDB

extension Authority {
  /// Seconds in which a one-time password, and an authorisation, must be used.
  public static let authorisationSeconds = 300
  /// How many wrong one-time passwords end one.
  static let passwordTries = 3
  /// How many wrong ones in a day, whichever password they were for, lock the rest of the day.
  public static let wrongPasswordsADay = 5

  /// Writes a one-time password into the holder's outbox; the one before is void.
  ///
  /// - Throws: rule `field` with `accessToken` or `credentialID`; `policy` or `state` where the device
  ///   has no remote signature now; `locked` after too many wrong passwords on this day.
  public func sendOneTimePassword(
    credentialID: String, accessToken: String
  ) throws(AuthorityError) {
    let attempted = "sending a one-time password"
    let credential = try remoteCredential(credentialID, accessToken: accessToken)
    let now = clock.now
    try store.write(attempted) { database in
      let device = try existing(credential.deviceID, database)
      try refuse(credential, of: device, attempted, now, database)
      guard try wrongPasswords(of: device, now, database) < Self.wrongPasswordsADay else {
        throw locked(attempted, now)
      }
      // Seeded, every password is another one all the same.
      let count =
        try Int.fetchOne(
          database, sql: "SELECT COUNT(*) FROM message WHERE deviceId = ?", arguments: [device.id])
        ?? 0
      let label = "one-time password \(credentialID) \(count)"
      let password = random.digits(6, label: label)
      let hash = try UserCodeHash(code: password, salt: random.bytes(16, label: "\(label) salt"))
      try database.execute(
        sql: "INSERT OR REPLACE INTO oneTimePassword VALUES (?, ?, ?, ?, ?)",
        arguments: [
          credentialID, Data(hash.salt), Data(hash.hash),
          now.seconds + Int64(Self.authorisationSeconds), Self.passwordTries,
        ])
      try post(
        .oneTimePassword, about: String(count), to: device, "TEST - Your one-time password",
        """
        TEST - nothing here concerns a real person.

        One-time password: \(password)
        It authorises one remote signature within \(Self.authorisationSeconds / 60) minutes.
        """, EventLog(database, now))
    }
    try deliver()
  }

  /// Authorises one signature over one hash with the one-time password; answers the signature
  /// activation data (SAD), which sign once.
  ///
  /// - Parameter hash: the SHA-256 digest that will be signed, 32 bytes.
  /// - Throws: rule `field` with `accessToken`, `credentialID`, `hash` or `OTP`; `policy` or `state`
  ///   where the device has no remote signature now; `locked` after too many wrong passwords on this
  ///   day.
  public func authorise(
    credentialID: String, accessToken: String, hash: [UInt8], oneTimePassword: String
  ) throws(AuthorityError) -> String {
    let attempted = "authorising a remote signature"
    let credential = try remoteCredential(credentialID, accessToken: accessToken)
    guard hash.count == 32 else {
      throw AuthorityError(attempted, .field("hash"), "\(hash.count) bytes; SHA-256 has 32")
    }
    let now = clock.now
    let known = try spendTry(of: credential, attempted, now)
    guard let known, try known.matches(oneTimePassword) else {
      try recordWrongPassword(for: credential, attempted, now)
      throw AuthorityError(
        attempted, .field("OTP"), "the one-time password is wrong, used, too old, or none was sent")
    }
    let activation = Self.base64URL(random.bytes(32, label: "activation \(UUID().uuidString)"))
    try store.write(attempted) { database in
      try database.execute(
        sql: "DELETE FROM oneTimePassword WHERE credentialId = ? AND hash = ?",
        arguments: [credentialID, Data(known.hash)])
      guard database.changesCount == 1 else {
        throw AuthorityError(attempted, .field("OTP"), "somebody has just used it")
      }
      // It was none of the day's wrong ones.
      try database.execute(
        sql: "UPDATE wrongPassword SET count = count - 1 WHERE deviceId = ? AND count > 0",
        arguments: [credential.deviceID])
      try database.execute(
        sql: "INSERT INTO signatureActivation VALUES (?, ?, ?, ?)",
        arguments: [
          Data(Digest.sha256(Array(activation.utf8))), credentialID,
          Data(hash).base64EncodedString(), now.seconds + Int64(Self.authorisationSeconds),
        ])
    }
    return activation
  }

  /// Signs an authorised SHA-256 digest with RSASSA-PKCS1-v1_5; the authorisation is spent in the
  /// same transaction.
  ///
  /// - Throws: rule `field` with `accessToken`, `credentialID`, or `SAD` where it is unknown, spent,
  ///   too old or for another hash; `state` where the certificate is not valid today, or the device
  ///   is suspended, revoked or expired; `policy`.
  public func signRemotely(
    credentialID: String, accessToken: String, activation: String, hash: [UInt8]
  ) throws(AuthorityError) -> [UInt8] {
    let attempted = "signing remotely"
    let credential = try remoteCredential(credentialID, accessToken: accessToken)
    let now = clock.now
    return try store.write(attempted) { database in
      let device = try existing(credential.deviceID, database)
      try refuse(credential, of: device, attempted, now, database)
      try database.execute(
        sql: """
          DELETE FROM signatureActivation
          WHERE hash = ? AND credentialId = ? AND hashes = ? AND expiresAt >= ?
          """,
        arguments: [
          Data(Digest.sha256(Array(activation.utf8))), credentialID,
          Data(hash).base64EncodedString(), now.seconds,
        ])
      guard database.changesCount == 1 else {
        throw AuthorityError(
          attempted, .field("SAD"), "it is unknown, spent, too old, or for another hash")
      }
      let pem = try Data.fetchOne(
        database, sql: "SELECT privateKey FROM remoteCredential WHERE id = ?",
        arguments: [credentialID])
      let key = try PrivateKey(pem: [UInt8](pem ?? Data()))
      // DigestInfo (RFC 8017, 9.2)
      let algorithm = DER.sequence([OID(2, 16, 840, 1, 101, 3, 4, 2, 1).der, DER.null])
      let signature = try key.sign(
        digestInfo: DER.sequence([algorithm, DER.octetString(hash)]))
      let log = try EventLog(database, now)
      try log.append(.remotelySigned, device: device.id, ["credentialID": credentialID])
      try write(.remoteSignature, .free, for: device, log)
      return signature
    }
  }
}
