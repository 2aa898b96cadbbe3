import CCrypto
import Cryptography
import Foundation

/// One CA: its certificate and the key that signs.
struct CertificationAuthority: Sendable {
  /// The CAs of the hierarchy; the raw value names their files, their URLs and their rows.
  enum Name: RawRepresentable, Hashable, Sendable {
    case root
    case issuing(Provider, CertificatePurpose)

    init?(rawValue: String) {
      guard let name = Self.all.first(where: { $0.rawValue == rawValue }) else { return nil }
      self = name
    }

    /// `root`, or `a-cns`: the provider's letter and the purpose.
    var rawValue: String {
      switch self {
      case .root: "root"
      case .issuing(let provider, let purpose):
        "\(provider.letter.lowercased())-\(purpose.rawValue)"
      }
    }

    /// Every name there is, the root first.
    static let all = [Name.root] + Provider.allCases.flatMap(names(of:))

    /// The two CAs of a provider.
    static func names(of provider: Provider) -> [Name] {
      CertificatePurpose.allCases.map { .issuing(provider, $0) }
    }

    /// TEST stands in every name, beside an O that no trusted list contains.
    var subject: DistinguishedName {
      let unit = DistinguishedName.Attribute(
        .organizationalUnit, "TEST - NOT A REAL TRUST SERVICE PROVIDER")
      switch self {
      case .root:
        return DistinguishedName([
          .init(.country, "IT"), .init(.organization, "softdna TEST"), unit,
          .init(.commonName, "softdna TEST Root CA"),
        ])
      case .issuing(let provider, .cnsAuthentication):
        return DistinguishedName([
          .init(.country, "IT"), .init(.organization, provider.description), unit,
          .init(.commonName, "softdna TEST CNS Authentication CA \(provider.letter)"),
        ])
      case .issuing(let provider, .qualifiedSignature):
        // ETSI EN 319 412-3, 4.2.1 wants an organizationIdentifier; this VAT number is nobody's.
        return DistinguishedName([
          .init(.country, "IT"), .init(.organization, provider.description), unit,
          .init(.organizationIdentifier, "VATIT-00000000000"),
          .init(.commonName, "softdna TEST Qualified Electronic Signature CA \(provider.letter)"),
        ])
      }
    }
  }

  let name: Name
  /// DER.
  let certificate: [UInt8]
  let key: PrivateKey
  /// DER of its name.
  let subject: [UInt8]
  /// The content of subjectPublicKey.
  let publicKeyBits: [UInt8]
  /// What certificates and lists call its key.
  let keyIdentifier: [UInt8]

  /// A CA from its certificate, which is read here and not for every answer: that takes as long as
  /// a signature.
  init(name: Name, certificate: [UInt8], key: PrivateKey) throws(AuthorityError) {
    let parsed = try Certificate.parse(certificate)
    self.name = name
    self.certificate = certificate
    self.key = key
    subject = try Certificate.subject(of: parsed)
    publicKeyBits = Certificate.publicKeyBits(of: parsed)
    keyIdentifier = try Certificate.keyIdentifier(parsed.pointer)
  }

  /// A CA signs nothing that begins before or ends after its own certificate (the shell model
  /// that path validation checks: RFC 5280, 6.1.3 (a)(2)).
  func covers(_ notBefore: Date, _ notAfter: Date) throws(AuthorityError) {
    let attempted = "certifying with the CA \(name.rawValue)"
    let parsed = try Certificate.parse(certificate)
    var from = time_t(notBefore.timeIntervalSince1970)
    var to = time_t(notAfter.timeIntervalSince1970)
    guard notBefore < notAfter, X509_cmp_time(X509_get0_notBefore(parsed.pointer), &from) < 0,
      X509_cmp_time(X509_get0_notAfter(parsed.pointer), &to) > 0
    else {
      throw AuthorityError(
        attempted, .state,
        "the CA's own certificate does not cover \(Day(notBefore)) to \(Day(notAfter))")
    }
  }

  /// The certificate's file in `ca/`.
  static func certificateFile(_ name: Name) -> String { "\(name.rawValue).pem" }
  /// The key's file in `ca/`, mode 0600.
  static func keyFile(_ name: Name) -> String { "\(name.rawValue).key.pem" }
}

/// Where the authority's certificates say that its lists and answers are.
struct StatusURLs: Sendable {
  let base: String

  func crl(_ name: CertificationAuthority.Name) -> String { "\(base)/crl/\(name.rawValue).crl" }
  func deltaCRL(_ name: CertificationAuthority.Name) -> String {
    "\(base)/crl/\(name.rawValue)-delta.crl"
  }
  func certificate(_ name: CertificationAuthority.Name) -> String {
    "\(base)/ca/\(name.rawValue).cer"
  }
  var ocsp: String { "\(base)/ocsp" }
  func disclosureStatement(_ language: String) -> String { "\(base)/pds/\(language).pdf" }
}
