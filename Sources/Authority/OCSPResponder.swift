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
    let now = clock.now
    return try store.read("answering about \(text)") { database in
      let isKnown = try Bool.fetchOne(
        database,
        sql: """
          SELECT EXISTS (SELECT 1 FROM certificate WHERE issuer = ?1 AND serialNumber = ?2)
            OR EXISTS (SELECT 1 FROM remoteCredential WHERE issuer = ?1 AND serialNumber = ?2)
          """, arguments: [issuer.rawValue, text])
      guard isKnown ?? false else {
        // The root's own certificates are the CAs.
        guard issuer == .root else { return .unknown }
        let isCA = try self.hierarchy.withLock { $0.all }.contains {
          try Certificate.serialNumber(of: $0.certificate) == number
        }
        return isCA ? .good : .unknown
      }
      let revocation = try StatusOnDay(authority: self, database: database, now: now)
        .revocation(issuer.rawValue, text)
      return revocation.map { .revoked($0.at, $0.reason) } ?? .good
    }
  }

  // MARK: - The delegated responder

  /// The CA's responder of today. It is made for this process and is written nowhere: its key goes
  /// with the process. A new one takes over before the last one's time is over.
  private func responder(for issuer: CertificationAuthority) throws(AuthorityError)
    -> OCSPResponder
  {
    let now = clock.now
    // One thread makes it, the others wait: it takes a moment, once a month.
    return try responders.withLock { (known) throws(AuthorityError) in
      if let responder = known[issuer.name], responder.answers(at: now) { return responder }
      let first = Day(now).start
      let key = try PrivateKey.make(
        rsaBits: 2048, random: random, label: "OCSP responder \(issuer.name.rawValue) \(Day(now))")
      let last = first.addingTimeInterval(Double(Self.responderDays) * 86_400)
      let responder = try OCSPResponder(
        certificate: try certify(responder: key, of: issuer, first, last), key: key,
        notBefore: first, notAfter: last)
      known[issuer.name] = responder
      return responder
    }
  }

  private func certify(
    responder key: PrivateKey, of issuer: CertificationAuthority, _ first: Date, _ last: Date
  ) throws(AuthorityError) -> [UInt8] {
    let subject = DistinguishedName([
      .init(.country, "IT"), .init(.organization, "softdna TEST"),
      .init(.organizationalUnit, "TEST - NOT A REAL TRUST SERVICE PROVIDER"),
      .init(.commonName, "softdna TEST OCSP Responder \(issuer.name.rawValue)"),
    ])
    let label = "OCSP responder \(issuer.name.rawValue) \(Day(first)) serial number"
    return try Certificate.sign(
      CertificateTemplate(
        serialNumber: Certificate.serialNumber(random, label: label), subject: subject,
        publicKey: try key.subjectPublicKeyInfo(), notBefore: first, notAfter: last,
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
