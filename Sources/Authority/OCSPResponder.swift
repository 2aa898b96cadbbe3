import CCrypto
import Cryptography
import Foundation
import GRDB
import Synchronization

/// The answers of the authority's OCSP responder (RFC 6960).
extension Authority {
  /// Seconds an answer may be kept.
  static let answerSeconds: Double = 3600
  /// Days a responder's certificate lasts: it cannot be revoked (RFC 6960, 4.2.2.2.1).
  static let responderDays = 30

  /// Answers an OCSP request: OCSPRequest in, OCSPResponse out, both DER.
  ///
  /// What cannot be read is answered `malformedRequest`; a request about no CA of this authority
  /// `unauthorized` (RFC 6960, 2.3); a serial number that its CA never gave is `unknown`. One
  /// answer is signed for one CA: other CAs' certificates in the same request are `unknown`.
  ///
  /// - Throws: rules `database`, `libcrypto`, `file`: what a server answers `internalError`.
  public func ocspResponse(to request: [UInt8]) throws(AuthorityError) -> [UInt8] {
    guard let query = try? OCSPQuery(request) else { return OCSPStatus.malformedRequest.der }
    try applyDue()
    guard let answering = try answering(query) else { return OCSPStatus.unauthorized.der }
    let responder = try responder(for: answering)
    let now = clock.now
    var answers: [[UInt8]] = []
    for subject in query.subjects {
      let status =
        subject.isIssued(by: answering)
        ? try status(ofSerialNumber: subject.serialNumber, answering.name) : .unknown
      answers.append(
        DER.sequence([
          subject.certificateIdentifier, status.der, DER.generalizedTime(now),
          DER.context(
            0, constructed: true,
            DER.generalizedTime(now.addingTimeInterval(Self.answerSeconds))),
        ]))
    }
    var data = [
      // ResponderID byKey
      DER.context(2, constructed: true, DER.octetString(responder.keyIdentifier)),
      DER.generalizedTime(now), DER.sequence(answers),
    ]
    if let nonce = query.nonce {
      data.append(DER.context(1, constructed: true, DER.sequence([nonce.der])))
    }
    let toBeSigned = DER.sequence(data)
    let basic = DER.sequence([
      toBeSigned, DER.sequence([DER.sha256WithRSAEncryption, DER.null]),
      DER.bitString(try responder.key.sign(toBeSigned)),
      DER.context(0, constructed: true, DER.sequence([responder.certificate])),
    ])
    return OCSPStatus.successful(basic)
  }

  /// The CA that is asked. Another process may have made it since this one looked.
  private func answering(_ query: OCSPQuery) throws(AuthorityError) -> CertificationAuthority? {
    func asked() -> CertificationAuthority? {
      let known = hierarchy.withLock { $0.all }
      return known.first { issuer in query.subjects.contains { $0.isIssued(by: issuer) } }
    }
    if let known = asked() { return known }
    return try reloadHierarchy() ? asked() : nil
  }

  /// The status of a certificate by its number, as an answer tells it.
  private func status(
    ofSerialNumber number: [UInt8], _ issuer: CertificationAuthority.Name
  ) throws(AuthorityError) -> OCSPStatus.Certificate {
    let text = Certificate.text(ofSerialNumber: number)
    return try store.read("answering about \(text)") { database in
      let row = try Row.fetchOne(
        database,
        sql: """
          SELECT revokedAt, revocationReason FROM certificate
            WHERE issuer = ?1 AND serialNumber = ?2
          UNION ALL SELECT NULL, NULL FROM remoteCredential
            WHERE issuer = ?1 AND serialNumber = ?2
          """, arguments: [issuer.rawValue, text])
      guard let row else {
        // The root's own certificates are the CAs.
        guard issuer == .root else { return .unknown }
        let isCA = try self.hierarchy.withLock { $0.all }.contains {
          try Certificate.serialNumber(of: $0.certificate) == number
        }
        return isCA ? .good : .unknown
      }
      guard let reason: Int = row["revocationReason"] else { return .good }
      return .revoked(row.instant("revokedAt"), RevocationReason(rawValue: reason) ?? .unspecified)
    }
  }

  // MARK: - The delegated responder

  /// The CA's responder of today; a new one takes over when the last one's time is over.
  private func responder(for issuer: CertificationAuthority) throws(AuthorityError)
    -> OCSPResponder
  {
    let attempted = "looking up the OCSP responder of \(issuer.name.rawValue)"
    let now = clock.now
    if let known = responders.withLock({ $0[issuer.name] }), known.answers(at: now) { return known }
    let kept = try store.read(attempted) { try valid(issuer.name, now, $0) }
    let responder = if let kept { kept } else { try make(for: issuer, now, attempted) }
    responders.withLock { $0[issuer.name] = responder }
    return responder
  }

  private func make(
    for issuer: CertificationAuthority, _ now: Date, _ attempted: String
  ) throws(AuthorityError) -> OCSPResponder {
    let key = try PrivateKey.make(
      rsaBits: 2048, random: random, label: "OCSP responder \(issuer.name.rawValue) \(Day(now))")
    return try store.write(attempted) { database in
      // Somebody else may have been faster.
      if let known = try valid(issuer.name, now, database) { return known }
      let notAfter = now.addingTimeInterval(Double(Self.responderDays) * 86_400)
      let certificate = try certify(responder: key, of: issuer, now)
      try database.execute(
        sql: """
          INSERT INTO responder (issuer, certificate, privateKey, notBefore, notAfter)
          VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          issuer.name.rawValue, Data(certificate), Data(try key.pem()), now.seconds,
          notAfter.seconds,
        ])
      return try OCSPResponder(
        certificate: certificate, key: key, notBefore: now, notAfter: notAfter)
    }
  }

  private func valid(
    _ issuer: CertificationAuthority.Name, _ now: Date, _ database: Database
  ) throws -> OCSPResponder? {
    let row = try Row.fetchOne(
      database,
      sql: """
        SELECT * FROM responder WHERE issuer = ? AND notBefore <= ? AND notAfter > ?
        ORDER BY id DESC LIMIT 1
        """,
      arguments: [
        issuer.rawValue, now.seconds, now.addingTimeInterval(Self.answerSeconds).seconds,
      ])
    return try row.map { row in
      try OCSPResponder(
        certificate: row.bytes("certificate"), key: try PrivateKey(pem: row.bytes("privateKey")),
        notBefore: row.instant("notBefore"), notAfter: row.instant("notAfter"))
    }
  }

  private func certify(
    responder key: PrivateKey, of issuer: CertificationAuthority, _ now: Date
  ) throws(AuthorityError) -> [UInt8] {
    let subject = DistinguishedName([
      .init(.country, "IT"), .init(.organization, "softdna TEST"),
      .init(.organizationalUnit, "TEST - NOT A REAL TRUST SERVICE PROVIDER"),
      .init(.commonName, "softdna TEST OCSP Responder \(issuer.name.rawValue)"),
    ])
    let label = "OCSP responder \(issuer.name.rawValue) \(Day(now)) serial number"
    return try Certificate.sign(
      CertificateTemplate(
        serialNumber: Certificate.serialNumber(random, label: label), subject: subject,
        publicKey: try key.subjectPublicKeyInfo(), notBefore: now,
        notAfter: now.addingTimeInterval(Double(Self.responderDays) * 86_400),
        extensions: [
          .keyUsage([.digitalSignature]),
          .extendedKeyUsage([CertificateExtension.ocspSigning]), .ocspNoCheck,
        ]),
      issuer: issuer.certificate, key: issuer.key)
  }
}

/// Who signs answers for a CA (RFC 6960, 4.2.2.2).
struct OCSPResponder: Sendable {
  let certificate: [UInt8]
  let key: PrivateKey
  let keyIdentifier: [UInt8]
  let notBefore: Date
  let notAfter: Date

  init(certificate: [UInt8], key: PrivateKey, notBefore: Date, notAfter: Date)
    throws(AuthorityError)
  {
    let parsed = try Certificate.parse(certificate)
    self.certificate = certificate
    self.key = key
    keyIdentifier = try Certificate.keyIdentifier(parsed.pointer)
    self.notBefore = notBefore
    self.notAfter = notAfter
  }

  /// An answer must end before its signer does.
  func answers(at now: Date) -> Bool {
    notBefore <= now && now.addingTimeInterval(Authority.answerSeconds) < notAfter
  }
}
