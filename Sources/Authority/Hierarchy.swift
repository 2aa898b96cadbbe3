import CCrypto
import Foundation

/// The test root and the two CAs below it, in the directory `ca/`.
struct Hierarchy: Sendable {
  static let folder = "ca"
  static let chainFile = "chain.pem"
  /// Where a hierarchy is made; it becomes `ca/` by one rename, whole or not at all.
  private static let workshop = ".ca-incomplete"
  private static let keyBits = 2048

  let root: CertificationAuthority
  let cns: CertificationAuthority
  let qualified: CertificationAuthority

  /// The CA of a purpose.
  func issuer(for purpose: CertificatePurpose) -> CertificationAuthority {
    switch purpose {
    case .cnsAuthentication: cns
    case .qualifiedSignature: qualified
    }
  }

  var all: [CertificationAuthority] { [root, cns, qualified] }

  /// Reads a hierarchy and makes sure that keys and certificates belong together.
  init(loading state: Directory) throws(AuthorityError) {
    let directory = Directory(path: state.path(Self.folder))
    func load(_ name: CertificationAuthority.Name) throws(AuthorityError)
      -> CertificationAuthority
    {
      let certificate = try PEM.der(
        ofCertificate: directory.read(CertificationAuthority.certificateFile(name)))
      let key = try PrivateKey(pem: directory.read(CertificationAuthority.keyFile(name)))
      let parsed = try Certificate.parse(certificate)
      guard key.matches(certificate: parsed.pointer) else {
        let reason = AuthorityError.libcrypto("").reason
        throw AuthorityError(
          "loading the CA \(name.rawValue)", .file, "key and certificate differ: \(reason)")
      }
      return CertificationAuthority(name: name, certificate: certificate, key: key)
    }
    root = try load(.root)
    cns = try load(.cns)
    qualified = try load(.qualified)
  }

  /// Makes a hierarchy: root valid for 20 years, the CAs for 10, all from midnight UTC of `today`.
  init(random: RandomSource, today: Day, urls: StatusURLs) throws(AuthorityError) {
    let maker = Maker(random: random, today: today, urls: urls)
    let root = try maker.make(.root, issuer: nil, years: 20)
    self.root = root
    cns = try maker.make(.cns, issuer: root, years: 10)
    qualified = try maker.make(.qualified, issuer: root, years: 10)
  }

  /// Writes the hierarchy to `ca/`. The caller holds the directory's lock; a workshop that an
  /// interrupted run left behind is therefore nobody's.
  func save(in state: Directory) throws(AuthorityError) {
    try state.remove(directory: Self.workshop)
    let directory = Directory(path: state.path(Self.workshop))
    try directory.create()
    var chain: [UInt8] = []
    for authority in all {
      let certificate = try PEM.certificate(authority.certificate)
      try directory.write(
        authority.key.pem(), to: CertificationAuthority.keyFile(authority.name), mode: 0o600)
      try directory.write(
        certificate, to: CertificationAuthority.certificateFile(authority.name), mode: 0o644)
      chain += certificate
    }
    try directory.write(chain, to: Self.chainFile, mode: 0o644)
    try directory.synchronize()
    try state.rename(Self.workshop, to: Self.folder)
    try state.synchronize()
  }

  private struct Maker {
    let random: RandomSource
    let today: Day
    let urls: StatusURLs

    func make(
      _ name: CertificationAuthority.Name, issuer: CertificationAuthority?, years: Int
    ) throws(AuthorityError) -> CertificationAuthority {
      let key = try PrivateKey(
        rsaBits: Hierarchy.keyBits, random: random, label: "CA \(name.rawValue) key")
      var extensions: [CertificateExtension] = [
        .basicConstraints(pathLength: issuer == nil ? 1 : 0), .keyUsage([.keyCertSign, .crlSign]),
      ]
      if let issuer {
        // anyPolicy (RFC 5280, 4.2.1.4): the CA limits no policy of what it issues.
        extensions += [
          .certificatePolicies([.init(id: OID(2, 5, 29, 32, 0))]),
          .crlDistributionPoint(urls.crl(issuer.name)),
          .authorityInformationAccess(caIssuers: urls.certificate(issuer.name), ocsp: nil),
        ]
      }
      let template = CertificateTemplate(
        serialNumber: try Certificate.serialNumber(
          random, label: "CA \(name.rawValue) serial number"),
        subject: name.subject, publicKey: try key.subjectPublicKeyInfo(),
        notBefore: today.start, notAfter: today.adding(years: years).start,
        extensions: extensions)
      return CertificationAuthority(
        name: name,
        certificate: try Certificate.sign(
          template, issuer: issuer?.certificate, key: issuer?.key ?? key),
        key: key)
    }
  }
}
