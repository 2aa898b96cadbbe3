import Testing

@testable import BLETransport

/// Time here is made up, and so is what the kernel says.
@Suite("Hosts that are connected") struct HostLinksTests {
  private let start = ContinuousClock.now
  private let host = "/org/bluez/hci0/dev_1"

  private func at(_ seconds: Int) -> ContinuousClock.Instant { start + .seconds(seconds) }

  private func connected() -> HostLinks {
    var links = HostLinks(limit: .seconds(30))
    links.connected(host, at: start)
    return links
  }

  /// Looks at a link that is encrypted this way, or not at all.
  private func look(
    _ links: inout HostLinks, secure: Bool?, encrypted: Bool = true, at second: Int = 1
  ) -> [HostLinks.Finding] {
    links.look(encrypted: encrypted ? [host] : [], isSecure: { _ in secure }, at: at(second))
  }

  @Test func `A host that does not secure its link is told from the rest once, after the limit`() {
    var links = connected()
    #expect(look(&links, secure: nil, encrypted: false, at: 29) == [])
    #expect(links.pause != nil)
    #expect(look(&links, secure: nil, encrypted: false, at: 30) == [.overstayed(host)])
    #expect(look(&links, secure: nil, encrypted: false, at: 60) == [])
    #expect(links.pause == nil)
  }

  @Test func `A host with a secure link may stay, and is not looked at any more`() {
    var links = connected()
    #expect(look(&links, secure: true) == [])
    #expect(links.pause == nil)
    #expect(look(&links, secure: true, at: 600) == [])
  }

  @Test func `A link whose security cannot be told is nobody's fault`() {
    var links = connected()
    #expect(look(&links, secure: nil, at: 600) == [])
  }

  @Test func `A passkey gives a person time, and the end of the link ends the pairing`() {
    var links = connected()
    #expect(links.asked(host, isBonded: false, at: at(25)) == [])
    #expect(look(&links, secure: nil, encrypted: false, at: 54) == [])
    #expect(links.disconnected(host) == [.notPaired(host, HostLinks.leftReason)])
    #expect(links.disconnected(host) == [])
  }

  @Test func `A pairing that does not end is told, and so is one that begins again`() {
    var links = connected()
    _ = links.asked(host, isBonded: false, at: start)
    #expect(
      links.asked(host, isBonded: false, at: at(5)) == [.notPaired(host, HostLinks.againReason)])
    #expect(
      look(&links, secure: nil, encrypted: false, at: 35)
        == [.notPaired(host, HostLinks.slowReason), .overstayed(host)])
  }

  @Test func `A pairing that was refused is not told twice`() {
    var links = connected()
    _ = links.asked(host, isBonded: false, at: start)
    links.refused(host)
    #expect(links.disconnected(host) == [])
  }

  @Test func `A bond that is replaced is told, a first one is bluetoothd's to tell`() {
    for isBonded in [true, false] {
      var links = connected()
      _ = links.asked(host, isBonded: isBonded, at: start)
      #expect(look(&links, secure: true) == (isBonded ? [.replaced(host)] : []))
      var used = connected()
      _ = used.asked(host, isBonded: isBonded, at: start)
      #expect(used.used(host) == (isBonded ? [.replaced(host)] : []))
      #expect(used.used(host) == [])
    }
  }

  @Test func `A pairing without LE Secure Connections has to go, when it is seen or later`() {
    var links = connected()
    _ = links.asked(host, isBonded: false, at: start)
    #expect(look(&links, secure: false) == [.weak(host)])
    #expect(links.isRejected(host))
    #expect(look(&links, secure: false, at: 2) == [])

    // Its link ended before anybody looked.
    var late = connected()
    _ = late.asked(host, isBonded: false, at: start)
    late.bonded(host)
    #expect(late.disconnected(host) == [])
    late.connected(host, at: at(10))
    #expect(look(&late, secure: false, at: 11) == [.weak(host)])
  }

  @Test func `A bond of another program is not the token's to delete; its host may not stay`() {
    var links = connected()
    #expect(look(&links, secure: false) == [])
    #expect(look(&links, secure: false, at: 30) == [.overstayed(host)])
  }
}
