import Cryptography
public import Foundation
import GRDB

/// A key that the authority holds for a holder: it signs remotely, once per authorisation.
public struct RemoteCredential: Equatable, Sendable, Identifiable {
  /// credentialID of the CSC API.
  public let id: String
  /// The device whose holder it is for.
  public let deviceID: Int64
  /// Its certificate and those above it, DER, the root last.
  public let chain: [[UInt8]]
  /// The subject, in one line.
  public let subject: String
  /// The issuer, in one line.
  public let issuer: String
  /// The CA's name, as in its URLs.
  public let issuerName: String
  /// The serial number in upper-case hex.
  public let serialNumber: String
  /// The first instant the certificate is valid.
  public let notBefore: Date
  /// The last instant the certificate is valid.
  public let notAfter: Date
  /// Set while it is suspended, and once it is revoked.
  public let revocation: Revocation?
}

/// What a holder gets who takes up the offer of remote signatures; the token is told only here.
public struct RemoteEnrolment: Equatable, Sendable {
  /// credentialID of the CSC API.
  public let credentialID: String
  /// What goes behind `Authorization: Bearer`.
  public let accessToken: String
}

extension Authority {
  /// Years a remote credential's certificate lasts.
  static let remoteYears = 1

  /// Takes up the offer of free remote signatures: a key made and kept here, with a certificate of
  /// its own that ends with the device at the latest. Taken up again, the same credential gets a new
  /// access token; once its certificate has ended, there is a new one.
  ///
  /// - Throws: rule `policy` before the chamber's day, or where the device's chip complies; `state`
  ///   where the device is suspended, revoked or expired; `unknown`, `provider`, `userCode`.
  public func enrolRemoteSignature(
    for device: Device, by requester: Requester, at desk: Provider? = nil
  ) throws(AuthorityError) -> RemoteEnrolment {
    let attempted = "offering remote signatures for device \(device.cardNumber)"
    let now = clock.now
    let provider = try store.read(attempted) { database in
      let known = try existing(device.id, database)
      try refuseRemoteSignature(of: known, attempted, now, database)
      return try remoteProvider(for: known, attempted, database)
    }
    try prepare(provider)
    let key = try PrivateKey.make(
      rsaBits: 2048, random: random, label: "remote signature \(device.cardNumber)")
    let token = Self.base64URL(random.bytes(32, label: "access token \(UUID().uuidString)"))
    let hash = Data(Digest.sha256(Array(token.utf8)))
    let id = try act(attempted, device, requester, desk) { attempted, device, log in
      try self.refuseRemoteSignature(of: device, attempted, log.now, log.database)
      let provider = try self.remoteProvider(for: device, attempted, log.database)
      let known = try String.fetchOne(
        log.database,
        sql: """
          UPDATE remoteCredential SET accessTokenHash = ? WHERE deviceId = ? AND notAfter >= ?
          RETURNING id
          """, arguments: [hash, device.id, log.now.seconds])
      return try known ?? self.issueRemote(hash, key, device, provider, log)
    }
    return RemoteEnrolment(credentialID: id, accessToken: token)
  }

  /// The credentials of whoever holds the access token.
  ///
  /// - Throws: rule `field("accessToken")` where nobody has it.
  public func remoteCredentials(accessToken: String) throws(AuthorityError) -> [RemoteCredential] {
    let attempted = "listing remote credentials"
    let now = clock.now
    let found = try store.read(attempted) { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM remoteCredential WHERE accessTokenHash = ?",
        arguments: [Data(Digest.sha256(Array(accessToken.utf8)))]
      ).map { try self.remoteCredential($0, now, database) }
    }
    guard !found.isEmpty else {
      throw AuthorityError(attempted, .field("accessToken"), "nobody has this access token")
    }
    return found
  }

  /// One credential of whoever holds the access token.
  ///
  /// - Throws: rule `field` with `accessToken` or `credentialID`.
  public func remoteCredential(_ id: String, accessToken: String) throws(AuthorityError)
    -> RemoteCredential
  {
    let all = try remoteCredentials(accessToken: accessToken)
    guard let found = all.first(where: { $0.id == id }) else {
      throw AuthorityError(
        "looking up a remote credential", .field("credentialID"), "there is no \"\(id)\"")
    }
    return found
  }

  // MARK: - Inside a transaction

  /// Remote signatures are for who holds a device that may not sign any more, or not for long, because
  /// of its chip: of a device that is suspended, revoked or over there is none.
  func refuseRemoteSignature(
    of device: Device, _ attempted: String, _ now: Date, _ database: Database
  ) throws {
    let policy = try policy(of: device.chamber, database)
    guard let first = policy.remoteSignatureFrom, first <= Day(now) else {
      throw AuthorityError(
        attempted, .policy("remoteSignatureFrom"),
        policy.remoteSignatureFrom.map { "\(device.chamber) offers it from \($0) on" }
          ?? "\(device.chamber) does not offer it")
    }
    guard policy.rule(for: device.chip) != nil else {
      throw AuthorityError(
        attempted, .policy("chips"),
        "the chip \(device.chip.rawValue) complies: the device signs by itself")
    }
    let reason: String
    switch try StatusOnDay(authority: self, database: database, now: now).status(of: device) {
    case .active, .signatureRevoked: return
    case .suspended: reason = "the device is suspended; reactivate it first"
    case .revoked: reason = "the device is revoked, and the remote signature with it"
    case .expired: reason = "the device expired, and the remote signature with it"
    case .inPreparation, .abandoned: reason = "the device was not handed over"
    }
    throw AuthorityError(attempted, .state, reason)
  }

  private func remoteProvider(
    for device: Device, _ attempted: String, _ database: Database
  ) throws -> Provider {
    let today = clock.today
    guard let provider = try policy(of: device.chamber, database).provider(on: today) else {
      throw AuthorityError(attempted, .policy("providers"), "there is none on \(today)")
    }
    return provider
  }

  /// Answers the credential's name.
  private func issueRemote(
    _ tokenHash: Data, _ key: PrivateKey, _ device: Device, _ provider: Provider, _ log: EventLog
  ) throws -> String {
    guard let holder = try fetchHolder(device.holderID, log.database)?.holder else {
      throw AuthorityError("issuing a remote credential", .unknown, "no holder \(device.holderID)")
    }
    let earlier =
      try Int.fetchOne(
        log.database, sql: "SELECT COUNT(*) FROM remoteCredential WHERE deviceId = ?",
        arguments: [device.id]) ?? 0
    let id = "TEST-\(device.cardNumber)" + (earlier == 0 ? "" : "-\(earlier + 1)")
    let issuer = try issuer(.issuing(provider, .qualifiedSignature))
    let lastDay = min(Day(log.now).adding(years: Self.remoteYears), device.expiryDay)
    let notAfter = lastDay.start.addingTimeInterval(-1)
    try issuer.covers(log.now, notAfter)
    let profile = CertificateProfile.qualifiedSignature(
      holder: holder,
      dnQualifier: "SIGTESTR" + random.digits(12, label: "dnQualifier remote \(id.dropFirst(5))"),
      policy: CertificateProfile.testRemotePolicy, issuer: issuer.name, urls: urls)
    let serial = Certificate.serialNumber(random, label: "remote serial number \(id)")
    let der = try Certificate.sign(
      CertificateTemplate(
        serialNumber: serial, subject: profile.subject, publicKey: key.subjectPublicKeyInfo(),
        notBefore: log.now, notAfter: notAfter, extensions: profile.extensions),
      issuer: issuer.certificate, key: issuer.key)
    let serialText = Certificate.text(ofSerialNumber: serial)
    try log.database.execute(
      sql: "INSERT INTO remoteCredential VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      arguments: [
        id, device.id, tokenHash, issuer.name.rawValue, serialText, Data(der),
        Data(try key.pem()), log.now.seconds, notAfter.seconds,
      ])
    try log.append(
      .remoteCredentialIssued, device: device.id,
      ["credentialID": id, "serialNumber": serialText])
    return id
  }

  func remoteCredential(_ row: Row, _ now: Date, _ database: Database) throws
    -> RemoteCredential
  {
    let der = row.bytes("certificate")
    guard let name = CertificationAuthority.Name(rawValue: row["issuer"]) else {
      throw AuthorityError("looking up a CA", .unknown, "no such CA")
    }
    let issuer = try issuer(name)
    let serialNumber: String = row["serialNumber"]
    return RemoteCredential(
      id: row["id"], deviceID: row["deviceId"],
      chain: [der, issuer.certificate, try self.issuer(.root).certificate],
      subject: try X509Certificate(der: der).subject,
      issuer: try X509Certificate(der: issuer.certificate).subject,
      issuerName: name.rawValue, serialNumber: serialNumber, notBefore: row.instant("notBefore"),
      notAfter: row.instant("notAfter"),
      revocation: try StatusOnDay(authority: self, database: database, now: now)
        .revocation(name.rawValue, serialNumber))
  }

  static func base64URL(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }
}
