import Foundation
import GRDB

extension Authority {
  /// The certification request that the device's key is to sign, in the name the certificate will
  /// carry: it proves possession for this device and purpose only.
  ///
  /// - Throws: rule `unknown` or `state` where no such enrolment is under way, `key` where the
  ///   key may not be certified.
  public func certificationRequest(
    for enrolment: Enrolment, purpose: CertificatePurpose, publicKey: PublicKey
  ) throws(AuthorityError) -> CertificationRequest {
    let attempted = "preparing a certification request"
    let profile = try store.read(attempted) { database in
      try chooseProfile(purpose, try underWay(enrolment, attempted, database), database)
    }
    return try .prepare(subject: profile.subject, publicKey: publicKey)
  }

  /// Verifies a request and certifies its key. Asked again with the same key while the enrolment
  /// is under way, it returns the same certificate; with another key (an interrupted device made
  /// new ones) it revokes the certificate made before and makes a new one.
  ///
  /// - Throws: rule `proofOfPossession` where the signature or the name does not fit, `key` where
  ///   the key was certified before, `state` where the enrolment is not under way or the CA's own
  ///   validity does not cover it.
  public func certify(
    _ enrolment: Enrolment, purpose: CertificatePurpose, request: [UInt8]
  ) throws(AuthorityError) -> IssuedCertificate {
    let attempted = "certifying a key"
    let proved = try ProvedRequest(request)
    let now = clock.now
    return try store.write(attempted) { database in
      let enrolment = try underWay(enrolment, attempted, database)
      let profile = try chooseProfile(purpose, enrolment, database)
      guard try profile.subject.der() == proved.subject else {
        throw AuthorityError(
          attempted, .proofOfPossession, "the request is not made for \(profile.subject)")
      }
      let made = try good(enrolment, database).first { $0.purpose == purpose }
      let holding = try IssuedCertificate.fetch(
        database, "publicKey = ?", [Data(proved.publicKey)]
      ).first
      if let holding {
        guard let made, made.id == holding.id else {
          throw AuthorityError(
            attempted, .key, "certificate \(holding.serialNumber) already certifies this key")
        }
        return made
      }
      let log = try EventLog(database, now)
      if let made { try revoke(made, .superseded, log) }
      let certificate = try issue(profile, purpose, enrolment, proved.publicKey, log)
      if try Set(good(enrolment, database).map(\.purpose)).count
        == CertificatePurpose.allCases.count
      {
        try setState(.certified, of: enrolment, database)
      }
      return certificate
    }
  }

  /// Confirms that the device holds the enrolment's certificates. A renewal takes effect here: the
  /// old certificates are revoked as superseded, the device's expiry day moves. Confirmed again,
  /// it changes nothing.
  ///
  /// - Throws: rule `unknown`, or `state` where the certificates are not made yet or the enrolment
  ///   was abandoned.
  @discardableResult
  public func activate(_ enrolment: Enrolment) throws(AuthorityError) -> Device {
    let attempted = "activating a device"
    let now = clock.now
    return try store.write(attempted) { database in
      let enrolment = try existing(enrolment, attempted, database)
      guard enrolment.state != .active else {
        return try existing(enrolment.deviceID, database)
      }
      guard enrolment.state == .certified else {
        throw AuthorityError(
          attempted, .state, "its enrolment is \(enrolment.state.rawValue), not certified")
      }
      try refuseSuspended(enrolment.deviceID, attempted, database)
      let log = try EventLog(database, now)
      if enrolment.kind == .renewal {
        try complete(renewal: enrolment, log)
      }
      try setState(.active, of: enrolment, database)
      try log.append(
        enrolment.kind == .renewal ? .deviceRenewed : .deviceActivated,
        device: enrolment.deviceID, ["expiryDay": enrolment.expiryDay.description])
      let device = try existing(enrolment.deviceID, database)
      let operation: Receipt.Operation =
        device.replaces == nil ? .issuance : .replacement
      try write(enrolment.kind == .renewal ? .renewal : operation, enrolment.fee, for: device, log)
      // What is due today may concern it.
      try forgetDayRun(database)
      return device
    }
  }

  /// Gives up an enrolment that is under way and revokes what was certified in it.
  ///
  /// - Throws: rule `unknown`, or `state` where it is not under way.
  public func abandon(_ enrolment: Enrolment) throws(AuthorityError) {
    let attempted = "abandoning an enrolment"
    let now = clock.now
    try store.write(attempted) { database in
      let enrolment = try existing(enrolment, attempted, database)
      guard enrolment.isUnderWay else {
        throw AuthorityError(attempted, .state, "the enrolment is \(enrolment.state.rawValue)")
      }
      try giveUp(enrolment, EventLog(database, now))
    }
  }

  // MARK: - Inside a transaction

  /// Refuses what the provider's CAs could not certify in the end: before anything is written, and
  /// before a card is touched.
  func requireCoverage(by provider: Provider, from now: Date, to expiryDay: Day) throws {
    let notAfter = expiryDay.start.addingTimeInterval(-1)
    for name in [.root] + CertificationAuthority.Name.names(of: provider) {
      try issuer(name).covers(now, notAfter)
    }
  }

  func underWay(
    _ enrolment: Enrolment, _ attempted: String, _ database: Database
  ) throws -> Enrolment {
    let current = try existing(enrolment, attempted, database)
    guard current.isUnderWay else {
      throw AuthorityError(attempted, .state, "the enrolment is \(current.state.rawValue)")
    }
    try refuseSuspended(current.deviceID, attempted, database)
    return current
  }

  func giveUp(_ enrolment: Enrolment, _ log: EventLog) throws {
    let certificates = try IssuedCertificate.fetch(
      log.database, "enrolmentId = ? AND \(IssuedCertificate.isNotFinallyRevoked)",
      [enrolment.id])
    for certificate in certificates { try revoke(certificate, .cessationOfOperation, log) }
    try setState(.abandoned, of: enrolment, log.database)
    try log.append(
      .enrolmentAbandoned, device: enrolment.deviceID, ["kind": enrolment.kind.rawValue])
  }

  private func refuseSuspended(
    _ deviceID: Int64, _ attempted: String, _ database: Database
  ) throws {
    let held = try IssuedCertificate.fetch(
      database, "deviceId = ? AND revocationReason = ?",
      [deviceID, RevocationReason.certificateHold.rawValue])
    guard held.isEmpty else {
      throw AuthorityError(attempted, .state, "the device is suspended; reactivate it first")
    }
  }

  func insertEnrolment(
    _ kind: Enrolment.Kind, deviceID: Int64, expiryDay: Day, fee: Fee?, now: Date,
    _ database: Database
  ) throws -> Enrolment {
    // No row is ever deleted: the count names the next one.
    let count = try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM enrolment") ?? 0
    let qualifier = "SIGTEST" + random.digits(13, label: "dnQualifier \(count)")
    try database.execute(
      sql: """
        INSERT INTO enrolment (deviceId, kind, state, dnQualifier, expiryDay, fee, orderedAt)
        VALUES (?, ?, 'ordered', ?, ?, ?, ?)
        """,
      arguments: [
        deviceID, kind.rawValue, qualifier, expiryDay.description,
        try fee.map { try JSON.encode($0) }, now.seconds,
      ])
    return Enrolment(
      id: database.lastInsertedRowID, deviceID: deviceID, kind: kind, state: .ordered,
      dnQualifier: qualifier, expiryDay: expiryDay, orderedAt: now, fee: fee)
  }

  private func good(_ enrolment: Enrolment, _ database: Database) throws -> [IssuedCertificate] {
    try IssuedCertificate.fetch(
      database, "enrolmentId = ? AND revokedAt IS NULL", [enrolment.id])
  }

  private func setState(
    _ state: Enrolment.State, of enrolment: Enrolment, _ database: Database
  ) throws {
    try database.execute(
      sql: "UPDATE enrolment SET state = ? WHERE id = ?", arguments: [state.rawValue, enrolment.id])
  }

  private func chooseProfile(
    _ purpose: CertificatePurpose, _ enrolment: Enrolment, _ database: Database
  ) throws -> CertificateProfile {
    let device = try existing(enrolment.deviceID, database)
    guard let registered = try fetchHolder(device.holderID, database) else {
      throw AuthorityError("choosing a profile", .unknown, "no holder \(device.holderID)")
    }
    let issuer = CertificationAuthority.Name.issuing(device.provider, purpose)
    switch purpose {
    case .cnsAuthentication:
      let commonName = PersonalData.commonName(
        codiceFiscale: try CodiceFiscale(registered.holder.codiceFiscale),
        cardNumber: device.cardNumber, personalData: device.personalData)
      return .cnsAuthentication(
        commonName: commonName, administration: device.administration, issuer: issuer,
        urls: urls)
    case .qualifiedSignature:
      return .qualifiedSignature(
        holder: registered.holder, dnQualifier: enrolment.dnQualifier, issuer: issuer,
        urls: urls)
    }
  }

  private func issue(
    _ profile: CertificateProfile, _ purpose: CertificatePurpose, _ enrolment: Enrolment,
    _ publicKey: [UInt8], _ log: EventLog
  ) throws -> IssuedCertificate {
    let device = try existing(enrolment.deviceID, log.database)
    let issuer = try issuer(.issuing(device.provider, purpose))
    // notAfter is the last valid second (RFC 5280, 4.1.2.5): the one before the expiry day begins.
    let notAfter = enrolment.expiryDay.start.addingTimeInterval(-1)
    try issuer.covers(log.now, notAfter)
    let count = try Int.fetchOne(log.database, sql: "SELECT COUNT(*) FROM certificate") ?? 0
    let serial = Certificate.serialNumber(random, label: "certificate serial number \(count)")
    let der = try Certificate.sign(
      CertificateTemplate(
        serialNumber: serial, subject: profile.subject, publicKey: publicKey, notBefore: log.now,
        notAfter: notAfter, extensions: profile.extensions),
      issuer: issuer.certificate, key: issuer.key)
    let serialText = Certificate.text(ofSerialNumber: serial)
    try log.database.execute(
      sql: """
        INSERT INTO certificate (enrolmentId, deviceId, issuer, purpose, serialNumber, publicKey,
          der, notBefore, notAfter) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
        """,
      arguments: [
        enrolment.id, enrolment.deviceID, issuer.name.rawValue, purpose.rawValue, serialText,
        Data(publicKey), Data(der), log.now.seconds, notAfter.seconds,
      ])
    let certificate = IssuedCertificate(
      id: log.database.lastInsertedRowID, enrolmentID: enrolment.id, deviceID: enrolment.deviceID,
      issuer: issuer.name.rawValue, purpose: purpose, serialNumber: serialText, der: der,
      notBefore: log.now,
      notAfter: notAfter, revocation: nil)
    try log.append(
      .certificateIssued, device: enrolment.deviceID,
      ["purpose": purpose.rawValue, "serialNumber": serialText])
    return certificate
  }
}
