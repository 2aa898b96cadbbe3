/// The hosts that are connected to a token: how far each has come with securing its link, and what
/// follows from that. Pure: what the kernel and bluetoothd tell goes in, with its moment, and what is
/// to be done comes out.
///
/// bluetoothd tells no program how a pairing ended where it had nothing to ask, nor that a bond was
/// replaced, nor how good a bond is. The kernel tells which links are encrypted, and how well.
struct HostLinks {
  /// What is to be done about a host, by its path.
  enum Finding: Equatable {
    /// It has not secured its link in time.
    case overstayed(String)
    /// It was not paired: a sentence about why.
    case notPaired(String, String)
    /// It is paired from now on in place of an earlier time.
    case replaced(String)
    /// It has paired in a way that opens nothing: this bond has to go.
    case weak(String)
  }

  private struct Link {
    /// From when on it is waited for.
    var since: ContinuousClock.Instant
    var isSecure = false
    /// It is encrypted in a way that is not good enough.
    var isWeak = false
    /// It is on its way out.
    var isRejected = false
    /// A pairing that is under way: whether there was a bond before.
    var pairing: Bool?
    /// A pairing was under way over this link.
    var hasPaired = false
  }

  /// How long a host may take to secure its link.
  let limit: Duration
  private var links: [String: Link] = [:]
  /// Hosts that were paired in this run and whose bond was not seen to be good.
  private var unproven: Set<String> = []

  static let leftReason = "its link ended before it was paired"
  static let slowReason = "its pairing did not end in time"
  static let againReason = "it did not end its pairing and began again"
  static let weakReason =
    "it paired without LE Secure Connections and a passkey or a comparison, which opens nothing; "
    + "the pairing is deleted"

  init(limit: Duration) { self.limit = limit }

  /// The hosts that are connected.
  var hosts: Set<String> { Set(links.keys) }

  /// When to look again; nil where there is nothing to look for.
  var pause: Duration? {
    let open = links.values.filter { !$0.isSecure && !$0.isRejected }
    guard !open.isEmpty else { return nil }
    return open.contains { $0.pairing != nil } ? .milliseconds(100) : .milliseconds(250)
  }

  /// A host has connected.
  mutating func connected(_ host: String, at now: ContinuousClock.Instant) {
    links[host] = Link(since: now)
  }

  /// A host is gone.
  mutating func disconnected(_ host: String) -> [Finding] {
    guard let link = links.removeValue(forKey: host), link.pairing != nil else { return [] }
    return [.notPaired(host, Self.leftReason)]
  }

  /// bluetoothd or the adapter is gone, and every host.
  mutating func reset() { links = [:] }

  /// A person has been shown a number for a host; `isBonded`: it is paired already.
  mutating func asked(
    _ host: String, isBonded: Bool, at now: ContinuousClock.Instant
  ) -> [Finding] {
    // Over a link that is secure already nothing would tell how a second pairing ends.
    guard var link = links[host], !link.isSecure else { return [] }
    let again = link.pairing != nil
    // A person takes a while.
    link.since = now
    link.isWeak = false
    link.pairing = isBonded
    link.hasPaired = true
    links[host] = link
    return again ? [.notPaired(host, Self.againReason)] : []
  }

  /// A pairing was refused, and that was told.
  mutating func refused(_ host: String) { links[host]?.pairing = nil }

  /// bluetoothd keeps a bond of this host from now on.
  mutating func bonded(_ host: String) {
    if links[host]?.isSecure != true { unproven.insert(host) }
    links[host]?.hasPaired = true
    links[host]?.pairing = nil
  }

  /// bluetoothd has no bond of this host any more.
  mutating func unbonded(_ host: String) { unproven.remove(host) }

  /// The host has used what only a secure link opens.
  mutating func used(_ host: String) -> [Finding] {
    unproven.remove(host)
    guard let pairing = links[host]?.pairing else {
      links[host]?.isSecure = true
      return []
    }
    links[host]?.isSecure = true
    links[host]?.pairing = nil
    return pairing ? [.replaced(host)] : []
  }

  /// The host is being disconnected for how it has secured its link, or has not.
  func isRejected(_ host: String) -> Bool { links[host]?.isRejected == true }

  /// Looks at what the kernel says.
  ///
  /// - Parameters:
  ///   - encrypted: the hosts whose link is encrypted.
  ///   - isSecure: whether such a link has the security that is asked for; nil where that cannot be
  ///     told.
  mutating func look(
    encrypted: Set<String>, isSecure: (String) -> Bool?, at now: ContinuousClock.Instant
  ) -> [Finding] {
    var findings: [Finding] = []
    for host in links.keys.sorted() {
      guard var link = links[host], !link.isSecure, !link.isRejected else { continue }
      switch encrypted.contains(host) && !link.isWeak ? isSecure(host) : false {
      case nil: continue
      case true?:
        links[host] = link
        findings += used(host)
        continue
      case false? where encrypted.contains(host):
        link.isWeak = true
        guard link.hasPaired || unproven.contains(host) else { break }
        link.isRejected = true
        link.pairing = nil
        unproven.remove(host)
        findings.append(.weak(host))
      case false?: break
      }
      if !link.isRejected, link.since + limit <= now {
        link.isRejected = true
        if link.pairing != nil { findings.append(.notPaired(host, Self.slowReason)) }
        link.pairing = nil
        findings.append(.overstayed(host))
      }
      links[host] = link
    }
    return findings
  }
}
