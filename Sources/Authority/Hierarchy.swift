import CCrypto
import Cryptography
import Foundation

/// The test root and the CAs below it, two of each provider, in the directory `ca/`.
///
/// Root and today's provider are made with the authority; another provider's CAs when the first
/// device of theirs is ordered. A CA is two files; its certificate's is written last, so that what
/// has a certificate is whole.
struct Hierarchy: Sendable {
  static let folder = "ca"
  static let chainFile = "chain.pem"
  /// Where a hierarchy is made; it becomes `ca/` by one rename, whole or not at all.
  private static let workshop = ".ca-incomplete"
  private static let keyBits = 2048

  /// Root first, then in the order of `Name.all`.
  let all: [CertificationAuthority]

  /// The CA of this name, where it was made already.
  subscript(name: CertificationAuthority.Name) -> CertificationAuthority? {
    all.first { $0.name == name }
  }

  /// Whether the provider's CAs were made.
  func contains(_ provider: Provider) -> Bool {
    CertificationAuthority.Name.names(of: provider).allSatisfy { self[$0] != nil }
  }

  /// Reads a hierarchy and makes sure that keys and certificates belong together.
  init(loading state: Directory) throws(AuthorityError) {
    let directory = state.directory(Self.folder)
    var found: [CertificationAuthority] = []
    for name in CertificationAuthority.Name.all
    where name == .root || directory.contains(CertificationAuthority.certificateFile(name)) {
      let certificate = try Self.load(
        directory, CertificationAuthority.certificateFile(name), PEM.der(ofCertificate:))
      let key = try Self.load(
        directory, CertificationAuthority.keyFile(name), PrivateKey.init(pem:))
      let parsed = try Certificate.parse(certificate)
      guard key.matches(certificate: parsed.pointer) else {
        let reason = AuthorityError.libcrypto("").reason
        throw AuthorityError(
          "loading the CA \(name.rawValue)", .file, "key and certificate differ: \(reason)")
      }
      found.append(try CertificationAuthority(name: name, certificate: certificate, key: key))
    }
    all = found
  }

  /// Reads a file; what is wrong with its contents is said with its name.
  private static func load<Value>(
    _ directory: Directory, _ name: String,
    _ decode: ([UInt8]) throws(AuthorityError) -> Value
  ) throws(AuthorityError) -> Value {
    let bytes = try directory.read(name)
    do throws(AuthorityError) { return try decode(bytes) } catch {
      throw AuthorityError(
        "reading \(directory.path(name))", .file, "it is damaged: \(error.reason)")
    }
  }

  private init(_ authorities: [CertificationAuthority]) {
    all = CertificationAuthority.Name.all.compactMap { name in
      authorities.first { $0.name == name }
    }
  }

  /// Makes a root, valid for 20 years from midnight UTC of `today`, and the CAs of `provider`.
  init(
    random: RandomSource, today: Day, urls: StatusURLs, provider: Provider = .infoCamereLike
  ) throws(AuthorityError) {
    let maker = Maker(random: random, today: today, urls: urls)
    let root = try maker.make(.root, issuer: nil, years: 20)
    self = try Hierarchy([root]).adding(provider, maker)
  }

  /// The hierarchy with the CAs of one more provider, valid for 10 years from midnight UTC of
  /// `today`.
  func adding(
    _ provider: Provider, random: RandomSource, today: Day, urls: StatusURLs
  ) throws(AuthorityError) -> Hierarchy {
    try adding(provider, Maker(random: random, today: today, urls: urls))
  }

  private func adding(_ provider: Provider, _ maker: Maker) throws(AuthorityError) -> Hierarchy {
    guard let root = self[.root] else {
      throw AuthorityError("making the CAs of \(provider)", .settings, "there is no root")
    }
    var authorities = all
    for name in CertificationAuthority.Name.names(of: provider) where self[name] == nil {
      authorities.append(try maker.make(name, issuer: root, years: 10))
    }
    return Hierarchy(authorities)
  }

  /// Writes the hierarchy to `ca/`. The caller holds the directory's lock; a workshop that an
  /// interrupted run left behind is therefore nobody's.
  func save(in state: Directory) throws(AuthorityError) {
    try state.remove(directory: Self.workshop)
    let directory = state.directory(Self.workshop)
    try directory.create()
    for authority in all { try Self.write(authority, to: directory) }
    try directory.write(try chain(), to: Self.chainFile, mode: 0o644)
    try state.rename(Self.workshop, to: Self.folder)
  }

  /// Writes what `ca/` does not have yet. The caller holds the directory's lock.
  func saveAdditions(in state: Directory) throws(AuthorityError) {
    let directory = state.directory(Self.folder)
    for authority in all
    where !directory.contains(CertificationAuthority.certificateFile(authority.name)) {
      try Self.write(authority, to: directory)
    }
    try directory.write(try chain(), to: Self.chainFile, mode: 0o644)
  }

  private static func write(
    _ authority: CertificationAuthority, to directory: Directory
  ) throws(AuthorityError) {
    try directory.write(
      authority.key.pem(), to: CertificationAuthority.keyFile(authority.name), mode: 0o600)
    try directory.write(
      try PEM.certificate(authority.certificate),
      to: CertificationAuthority.certificateFile(authority.name), mode: 0o644)
  }

  private func chain() throws(AuthorityError) -> [UInt8] {
    var chain: [UInt8] = []
    for authority in all { chain += try PEM.certificate(authority.certificate) }
    return chain
  }

  private struct Maker {
    let random: RandomSource
    let today: Day
    let urls: StatusURLs

    func make(
      _ name: CertificationAuthority.Name, issuer: CertificationAuthority?, years: Int
    ) throws(AuthorityError) -> CertificationAuthority {
      let key = try PrivateKey.make(
        rsaBits: Hierarchy.keyBits, random: random, label: "CA \(name.rawValue) key")
      var extensions: [CertificateExtension] = [
        .basicConstraints(pathLength: issuer == nil ? 1 : 0), .keyUsage([.keyCertSign, .crlSign]),
      ]
      if let issuer {
        // anyPolicy (RFC 5280, 4.2.1.4): the CA limits no policy of what it issues.
        extensions += [
          .certificatePolicies([.init(id: OID(2, 5, 29, 32, 0))]),
          .crlDistributionPoint(urls.crl(issuer.name)),
          .authorityInformationAccess(
            caIssuers: urls.certificate(issuer.name), ocsp: urls.ocsp),
        ]
      }
      let template = CertificateTemplate(
        serialNumber: Certificate.serialNumber(
          random, label: "CA \(name.rawValue) serial number"),
        subject: name.subject, publicKey: try key.subjectPublicKeyInfo(),
        notBefore: today.start, notAfter: today.adding(years: years).start,
        extensions: extensions)
      return try CertificationAuthority(
        name: name,
        certificate: try Certificate.sign(
          template, issuer: issuer?.certificate, key: issuer?.key ?? key),
        key: key)
    }
  }
}
