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
    let names = CertificationAuthority.Name.all.filter { name in
      hierarchy.withLock { $0[name] } != nil
    }
    var issuers: [CertificationAuthority] = []
    for name in names { issuers.append(try issuer(name)) }
    var answering: CertificationAuthority?
    for subject in query.subjects where answering == nil {
      for issuer in issuers where try subject.isIssued(by: issuer) { answering = issuer }
    }
    guard let answering else { return OCSPStatus.unauthorized.der }
    let responder = try responder(for: answering)
    let now = clock.now
    var answers: [[UInt8]] = []
    for subject in query.subjects {
      let status =
        try subject.isIssued(by: answering)
        ? try status(ofSerialNumber: subject.serialNumber, answering.name) : .unknown
      answers.append(
        DER.sequence([
          subject.certificateIdentifier, status.der, DER.generalizedTime(now),
          DER.context(
            0, constructed: true,
            DER.generalizedTime(now.addingTimeInterval(Self.answerSeconds))),
        ]))
    }
    let parsed = try Certificate.parse(responder.certificate)
    var data = [
      // ResponderID byKey
      DER.context(
        2, constructed: true, DER.octetString(try Certificate.keyIdentifier(parsed.pointer))),
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

  private struct Responder {
    let certificate: [UInt8]
    let key: PrivateKey
  }

  /// The CA's responder of today; a new one takes over when the last one's time is over.
  private func responder(for issuer: CertificationAuthority) throws(AuthorityError) -> Responder {
    let attempted = "looking up the OCSP responder of \(issuer.name.rawValue)"
    let now = clock.now
    let name = "\(directory) \(issuer.name.rawValue)"
    if let known = try store.read(attempted, { try valid(issuer.name, now, $0) }) {
      return Responder(certificate: known.certificate, key: try key(known.key, of: name))
    }
    let key = try PrivateKey.make(
      rsaBits: 2048, random: random, label: "OCSP responder \(issuer.name.rawValue) \(Day(now))")
    return try store.write(attempted) { database in
      if let known = try valid(issuer.name, now, database) {
        return Responder(certificate: known.certificate, key: try PrivateKey(pem: known.key))
      }
      let certificate = try certify(responder: key, of: issuer, now)
      try database.execute(
        sql: """
          INSERT INTO responder (issuer, certificate, privateKey, notBefore, notAfter)
          VALUES (?, ?, ?, ?, ?)
          """,
        arguments: [
          issuer.name.rawValue, Data(certificate), Data(try key.pem()), now.seconds,
          now.addingTimeInterval(Double(Self.responderDays) * 86_400).seconds,
        ])
      return Responder(certificate: certificate, key: key)
    }
  }

  private func key(_ pem: [UInt8], of name: String) throws(AuthorityError) -> PrivateKey {
    if let known = responderKeys.withLock({ $0[name] }), known.pem == pem { return known.key }
    let key = try PrivateKey(pem: pem)
    responderKeys.withLock { $0[name] = (pem, key) }
    return key
  }

  private func valid(
    _ issuer: CertificationAuthority.Name, _ now: Date, _ database: Database
  ) throws -> (certificate: [UInt8], key: [UInt8])? {
    // An answer must end before its signer does.
    try Row.fetchOne(
      database,
      sql: """
        SELECT certificate, privateKey FROM responder
        WHERE issuer = ? AND notBefore <= ? AND notAfter > ? ORDER BY id DESC LIMIT 1
        """,
      arguments: [
        issuer.rawValue, now.seconds, now.addingTimeInterval(Self.answerSeconds).seconds,
      ]
    ).map { ($0.bytes("certificate"), $0.bytes("privateKey")) }
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
