import GRDB
import Synchronization

extension Authority {
  /// Takes over a chamber's policy, in place of the one it had. Devices keep the provider that the
  /// policy gave them when they were ordered; dates and fees apply from now on.
  ///
  /// - Throws: rule `field` where the policy contradicts itself.
  public func adopt(_ policy: ChamberPolicy) throws(AuthorityError) {
    let attempted = "adopting the policy of \(policy.chamber)"
    try policy.validate()
    // What has fallen due by the policy there was stays so.
    try applyDue()
    let now = clock.now
    try store.write(attempted) { database in
      let text = try JSON.encode(policy)
      let kept = try String.fetchOne(
        database, sql: "SELECT policy FROM chamber WHERE name = ?", arguments: [policy.chamber])
      guard kept != text else { return }
      try database.execute(
        sql: "INSERT OR REPLACE INTO chamber VALUES (?, ?, ?)",
        arguments: [policy.chamber, text, now.seconds])
      try forgetDayRun(database)
      try EventLog(database, now).append(
        .policyAdopted, ["chamber": policy.chamber])
    }
  }

  /// The policy a chamber has now.
  ///
  /// - Throws: rule `unknown` where none was adopted; `test` is always there.
  public func policy(of chamber: String) throws(AuthorityError) -> ChamberPolicy {
    try store.read("looking up a chamber") { try policy(of: chamber, $0) }
  }

  func policy(of chamber: String, _ database: Database) throws -> ChamberPolicy {
    let text = try String.fetchOne(
      database, sql: "SELECT policy FROM chamber WHERE name = ?", arguments: [chamber])
    if let text { return try JSON.decode(text) }
    guard chamber == ChamberPolicy.test.chamber else {
      throw AuthorityError(
        "looking up a chamber", .unknown, "no policy of a chamber \"\(chamber)\" was adopted")
    }
    return .test
  }

  // MARK: - Providers

  /// The CA that signs for a provider and purpose, or the root.
  ///
  /// Another process may have made it since this one opened: then its files are there.
  func issuer(_ name: CertificationAuthority.Name) throws(AuthorityError)
    -> CertificationAuthority
  {
    if let known = hierarchy.withLock({ $0[name] }) { return known }
    try reloadHierarchy()
    guard let found = hierarchy.withLock({ $0[name] }) else {
      throw AuthorityError("looking up a CA", .unknown, "the CA \(name.rawValue) was never needed")
    }
    return found
  }

  /// Reads the CAs again where another process has made more; tells whether there are more.
  @discardableResult
  func reloadHierarchy() throws(AuthorityError) -> Bool {
    let known = hierarchy.withLock { $0.all.count }
    let made = try store.read("counting the CAs") { database in
      try Int.fetchOne(database, sql: "SELECT COUNT(*) FROM issuer") ?? 0
    }
    guard made > known else { return false }
    let reloaded = try Hierarchy(loading: state)
    hierarchy.withLock { $0 = reloaded }
    return true
  }

  /// The certificate of a CA, as its URL names it, in DER.
  ///
  /// - Throws: rule `unknown` for a CA that was never needed.
  public func certificate(ofIssuer name: String) throws(AuthorityError) -> [UInt8] {
    try issuer(named: name, "looking up a CA's certificate").certificate
  }

  /// The CA that a URL names.
  func issuer(named name: String, _ attempted: String) throws(AuthorityError)
    -> CertificationAuthority
  {
    guard let name = CertificationAuthority.Name(rawValue: name) else {
      throw AuthorityError(attempted, .unknown, "there is no CA \(name)")
    }
    return try issuer(name)
  }

  /// Makes a provider's CAs where they are not there yet. Not inside a transaction: who opens the
  /// directory holds its lock and waits for the database.
  func prepare(_ provider: Provider) throws(AuthorityError) {
    guard !hierarchy.withLock({ $0.contains(provider) }) else { return }
    let lock = try DirectoryLock(state)
    let extended = try Hierarchy(loading: state).adding(
      provider, random: random, today: clock.today, urls: urls)
    try extended.saveAdditions(in: state)
    try Self.register(extended, in: store)
    lock.release()
    hierarchy.withLock { $0 = extended }
  }
}
