import Foundation
import GRDB
import Synchronization

/// The registration and certification authority over one state directory.
///
/// Every operation is one transaction that takes its time from the clock and writes its event
/// with its effect; processes and threads may share a directory. Certificates end with the last
/// second (UTC) before the expiry day.
public final class Authority: Sendable {
  /// How an authority is created; an existing one keeps its own seed and URL.
  public struct Settings: Sendable {
    /// A seed from which everything but the time follows; nil for real randomness. Only for an
    /// authority whose keys may be known to all.
    public var seed: UInt64?
    /// Where certificates say that lists and answers are, without a trailing slash.
    public var baseURL: String?
    /// The directory is thrown away at the end: the disk is not waited for. What is committed then
    /// survives the process, and not a loss of power.
    public var isThrowaway = false

    /// Settings; nil takes what the directory has, or the default.
    public init(seed: UInt64? = nil, baseURL: String? = nil) {
      self.seed = seed
      self.baseURL = baseURL
    }
  }

  /// The default of `Settings.baseURL`.
  public static let defaultBaseURL = "http://127.0.0.1:8750"

  /// The authority's time.
  public let clock: AuthorityClock
  /// The authority's randomness.
  public let random: RandomSource
  /// Where certificates say that lists and answers are.
  public let baseURL: String
  /// The state directory's path.
  public var directory: String { state.path }

  let state: Directory
  let store: Store
  /// The CAs made so far; a provider's are added when they are first needed.
  let hierarchy: Mutex<Hierarchy>
  /// The OCSP responders that were made, each of use in its time.
  let responders = Mutex<[CertificationAuthority.Name: OCSPResponder]>([:])
  /// The lists that were asked for last: signing a long one takes a while.
  let lists = Mutex<[CertificationAuthority.Name: PublishedLists]>([:])
  var urls: StatusURLs { StatusURLs(base: baseURL) }

  /// Opens the authority in `directory`, creating directory, database and CAs where they are not
  /// there yet. An interrupted creation is completed.
  ///
  /// - Throws: rule `settings` where the directory was created with another seed or URL, or where
  ///   its CA keys are gone; `file`, `database` or `libcrypto` with the code beneath.
  public init(
    directory: String, settings: Settings = Settings(), clock: AuthorityClock = .real
  ) throws(AuthorityError) {
    let state = Directory(path: directory, waitsForDisk: !settings.isThrowaway)
    try state.create()
    let lock = try DirectoryLock(state)
    for folder in [state, state.directory(Hierarchy.folder), state.directory(Self.outboxFolder)] {
      try folder.sweep()
    }
    let store = try Store(in: state)
    let kept = try Self.settle(settings, in: store, clock)
    let random = kept.seed.map { RandomSource.seeded($0) } ?? .system
    let known = try Self.issuers(in: store)
    let hierarchy: Hierarchy
    if state.contains(Hierarchy.folder) {
      hierarchy = try Hierarchy(loading: state)
    } else if known.isEmpty {
      hierarchy = try Hierarchy(
        random: random, today: clock.today, urls: StatusURLs(base: kept.baseURL))
      try hierarchy.save(in: state)
    } else {
      throw AuthorityError(
        "opening the authority in \(directory)", .settings,
        "the database knows CAs, but \(Hierarchy.folder)/ with their keys is gone")
    }
    try Self.register(hierarchy, in: store)
    lock.release()
    self.clock = clock
    self.random = random
    self.baseURL = kept.baseURL
    self.state = state
    self.store = store
    self.hierarchy = Mutex(hierarchy)
  }

  /// DER of the root and of the CAs made so far: of each provider the CNS CA and the qualified CA.
  public var chain: [[UInt8]] { hierarchy.withLock { $0.all.map(\.certificate) } }

  /// The file with root and CAs in PEM, for `openssl -CAfile` and the like.
  public var chainFile: String { "\(directory)/\(Hierarchy.folder)/\(Hierarchy.chainFile)" }

  /// Compares what is asked with what is there; writes the settings on first use.
  private static func settle(
    _ settings: Settings, in store: Store, _ clock: AuthorityClock
  ) throws(AuthorityError) -> (seed: UInt64?, baseURL: String) {
    let attempted = "opening the authority"
    func kept(_ database: Database) throws -> (seed: UInt64?, baseURL: String)? {
      guard let row = try Row.fetchOne(database, sql: "SELECT * FROM settings") else { return nil }
      let seedText: String? = row["seed"]
      let seed = seedText.flatMap { UInt64($0) }
      let baseURL: String = row["baseURL"]
      guard settings.seed == nil || settings.seed == seed else {
        throw AuthorityError(
          attempted, .settings, "created with \(seedText.map { "seed \($0)" } ?? "no seed")")
      }
      guard settings.baseURL == nil || settings.baseURL == baseURL else {
        throw AuthorityError(attempted, .settings, "created with the URL \(baseURL)")
      }
      return (seed, baseURL)
    }
    if let kept = try store.read(attempted, kept) { return kept }
    return try store.write(attempted) { database in
      let baseURL = settings.baseURL ?? defaultBaseURL
      _ = try StatusAddress(baseURL: baseURL)
      try database.execute(
        sql: "INSERT INTO settings VALUES (1, ?, ?, ?)",
        arguments: [settings.seed.map { String($0) }, baseURL, clock.now.seconds])
      return (settings.seed, baseURL)
    }
  }

  private static func issuers(in store: Store) throws(AuthorityError) -> [String: [UInt8]] {
    try store.read("reading the issuers") { database in
      var issuers: [String: [UInt8]] = [:]
      for row in try Row.fetchAll(database, sql: "SELECT * FROM issuer") {
        issuers[row["name"]] = row.bytes("certificate")
      }
      return issuers
    }
  }

  /// The database remembers the CAs, so that exchanged or lost files are noticed.
  static func register(_ hierarchy: Hierarchy, in store: Store) throws(AuthorityError) {
    let attempted = "registering the CAs"
    let known = try issuers(in: store)
    for authority in hierarchy.all {
      let name = authority.name.rawValue
      guard known[name] ?? authority.certificate == authority.certificate else {
        throw AuthorityError(
          attempted, .settings, "the certificate of \(name) is not the one the database knows")
      }
    }
    guard hierarchy.all.contains(where: { known[$0.name.rawValue] == nil }) else { return }
    try store.write(attempted) { database in
      for authority in hierarchy.all {
        try database.execute(
          sql: "INSERT OR IGNORE INTO issuer (name, certificate) VALUES (?, ?)",
          arguments: [authority.name.rawValue, Data(authority.certificate)])
      }
    }
  }
}
