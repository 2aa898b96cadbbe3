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
  /// The serial number in upper-case hex.
  public let serialNumber: String
  /// The first instant the certificate is valid.
  public let notBefore: Date
  /// The last instant the certificate is valid.
  public let notAfter: Date
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
  /// its own. Taken up again, the same credential gets a new access token.
  ///
  /// - Throws: rule `policy` before the chamber's day, or where the device's chip complies;
  ///   `unknown`, `provider`, `userCode`, `state`.
  public func enrolRemoteSignature(
    for device: Device, by requester: Requester, at desk: Provider? = nil
  ) throws(AuthorityError) -> RemoteEnrolment {
    let attempted = "offering remote signatures for device \(device.cardNumber)"
    let provider = try store.read(attempted) { database in
      let known = try existing(device.id, database)
      return try remoteProvider(for: known, attempted, database)
    }
    try prepare(provider)
    let key = try PrivateKey.make(
      rsaBits: 2048, random: random, label: "remote signature \(device.cardNumber)")
    let token = Self.base64URL(random.bytes(32, label: "access token \(UUID().uuidString)"))
    let id = "TEST-\(device.cardNumber)"
    try act(attempted, device, requester, desk) { attempted, device, log in
      let provider = try self.remoteProvider(for: device, attempted, log.database)
      let hash = Data(Digest.sha256(Array(token.utf8)))
      try log.database.execute(
        sql: "UPDATE remoteCredential SET accessTokenHash = ? WHERE id = ?", arguments: [hash, id])
      if log.database.changesCount == 0 {
        try self.issueRemote(id, hash, key, device, provider, log)
      }
    }
    return RemoteEnrolment(credentialID: id, accessToken: token)
  }

  /// The credentials of whoever holds the access token.
  ///
  /// - Throws: rule `field("accessToken")` where nobody has it.
  public func remoteCredentials(accessToken: String) throws(AuthorityError) -> [RemoteCredential] {
    let attempted = "listing remote credentials"
    let found = try store.read(attempted) { database in
      try Row.fetchAll(
        database, sql: "SELECT * FROM remoteCredential WHERE accessTokenHash = ?",
        arguments: [Data(Digest.sha256(Array(accessToken.utf8)))]
      ).map { try self.remoteCredential($0) }
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

  private func remoteProvider(
    for device: Device, _ attempted: String, _ database: Database
  ) throws -> Provider {
    let policy = try policy(of: device.chamber, database)
    let today = clock.today
    guard let first = policy.remoteSignatureFrom, first <= today else {
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
    guard let provider = policy.provider(on: today) else {
      throw AuthorityError(attempted, .policy("providers"), "there is none on \(today)")
    }
    return provider
  }

  private func issueRemote(
    _ id: String, _ tokenHash: Data, _ key: PrivateKey, _ device: Device, _ provider: Provider,
    _ log: EventLog
  ) throws {
    guard let holder = try fetchHolder(device.holderID, log.database)?.holder else { return }
    let issuer = try issuer(.issuing(provider, .qualifiedSignature))
    let notAfter = Day(log.now).adding(years: Self.remoteYears).start.addingTimeInterval(-1)
    try issuer.covers(log.now, notAfter)
    let profile = CertificateProfile.qualifiedSignature(
      holder: holder,
      dnQualifier: "SIGTESTR" + random.digits(12, label: "dnQualifier remote \(device.cardNumber)"),
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
  }

  private func remoteCredential(_ row: Row) throws -> RemoteCredential {
    let der = row.bytes("certificate")
    guard let name = CertificationAuthority.Name(rawValue: row["issuer"]) else {
      throw AuthorityError("looking up a CA", .unknown, "no such CA")
    }
    let issuer = try issuer(name)
    return RemoteCredential(
      id: row["id"], deviceID: row["deviceId"],
      chain: [der, issuer.certificate, try self.issuer(.root).certificate],
      subject: try X509Certificate(der: der).subject,
      issuer: try X509Certificate(der: issuer.certificate).subject,
      serialNumber: row["serialNumber"], notBefore: row.instant("notBefore"),
      notAfter: row.instant("notAfter"))
  }

  static func base64URL(_ bytes: [UInt8]) -> String {
    Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-")
      .replacingOccurrences(of: "/", with: "_").replacingOccurrences(of: "=", with: "")
  }
}
