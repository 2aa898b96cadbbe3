/// What a certificate in a device is for; there is one of each.
public enum CertificatePurpose: String, Codable, CaseIterable, Sendable {
  /// Log-in with the CNS (*certificato di autenticazione*).
  case cnsAuthentication = "cns"
  /// Qualified electronic signature (*certificato di sottoscrizione*).
  case qualifiedSignature = "qualified"
}

/// The two profiles: subject and extensions.
struct CertificateProfile {
  let subject: DistinguishedName
  let extensions: [CertificateExtension]

  /// Own policies hang under the enterprise number reserved for examples (RFC 5612): no real
  /// practice statement can be meant.
  private static let testPolicies = OID(1, 3, 6, 1, 4, 1, 32473, 1)
  /// Of CNS certificates.
  static let testCNSPolicy = testPolicies.appending(1)
  /// Of qualified certificates.
  static let testQualifiedPolicy = testPolicies.appending(2)

  /// Of qualified certificates whose key signs remotely.
  static let testRemotePolicy = testPolicies.appending(3)

  /// The notice that the CNS policy prescribes, word for word; 140 characters, of the 200 that
  /// RFC 5280, 4.2.1.4 allows.
  static let cnsNotice =
    "Identifies X.509 authentication certificates issued for the italian National Service Card "
    + "(CNS) project in according to the italian regulation"

  /// The certificate that logs in (CNS certificate profile, AgID; DM 9 December 2004).
  static func cnsAuthentication(
    commonName: String, administration: IssuingAdministration,
    issuer: CertificationAuthority.Name, urls: StatusURLs
  ) -> CertificateProfile {
    CertificateProfile(
      subject: DistinguishedName([
        .init(.country, "IT"), .init(.organization, administration.organization),
        .init(.organizationalUnit, administration.unit), .init(.commonName, commonName),
      ]),
      extensions: [
        .keyUsage([.digitalSignature, .keyEncipherment]),
        .extendedKeyUsage([CertificateExtension.clientAuth]),
        .certificatePolicies([
          .init(id: OID(1, 3, 76, 16, 2, 1), explicitText: cnsNotice), .init(id: testCNSPolicy),
        ]),
        .crlDistributionPoint(urls.crl(issuer)),
        .authorityInformationAccess(caIssuers: urls.certificate(issuer), ocsp: urls.ocsp),
      ])
  }

  /// The certificate that signs (AgID guidelines, determinazioni 121/2019 and 147/2019; ETSI EN
  /// 319 412-2 and -5). No extendedKeyUsage: type A of EN 319 412-2, 4.3.2.
  static func qualifiedSignature(
    holder: Holder, dnQualifier: String, policy: OID = testQualifiedPolicy,
    issuer: CertificationAuthority.Name, urls: StatusURLs
  ) -> CertificateProfile {
    CertificateProfile(
      subject: DistinguishedName([
        .init(.country, "IT"), .init(.organizationalUnit, "TEST - NOT VALID"),
        .init(.surname, holder.surname), .init(.givenName, holder.name),
        .init(.serialNumber, "TINIT-\(holder.codiceFiscale)"),
        .init(.commonName, "\(holder.surname) \(holder.name)"),
        .init(.dnQualifier, dnQualifier),
      ]),
      extensions: [
        .keyUsage([.nonRepudiation]),
        .certificatePolicies([
          .init(id: policy),
          .init(id: OID(0, 4, 0, 194112, 1, 2)),  // QCP-n-qscd (ETSI EN 319 411-2)
          .init(id: OID(1, 3, 76, 16, 6)),  // agIDcert
        ]),
        .qualifiedStatements(
          retentionYears: 20,
          disclosureStatements: ["it", "en"].map { (urls.disclosureStatement($0), $0) }),
        .crlDistributionPoint(urls.crl(issuer)),
        .authorityInformationAccess(
          caIssuers: urls.certificate(issuer), ocsp: urls.ocsp),
      ])
  }
}
