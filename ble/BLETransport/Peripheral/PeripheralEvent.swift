/// What happens to a token on the air, for people and for programs.
public enum PeripheralEvent: Equatable, Sendable {
  /// Something is missing, and is waited for; a sentence about what it is and what to do.
  case waiting(String)
  /// Hosts can find the token. `psm` is that of its L2CAP channel, 0 where it has none.
  case advertising(name: String, adapter: String, address: String, psm: UInt16)
  /// A host can be paired, for so many seconds.
  case pairingOpened(seconds: Int)
  /// No host can be paired any more.
  case pairingClosed
  /// To be typed at the host.
  case passkey(host: String, passkey: String)
  /// To be compared with what the host shows, and confirmed or not.
  case comparison(host: String, passkey: String)
  /// A host was not paired.
  case pairingRefused(host: String, reason: String)
  /// A host has been paired.
  case bonded(host: String)
  /// A host that was paired already has been paired again; the earlier pairing is gone.
  case bondReplaced(host: String)
  /// A host that was paired is not any more.
  case unbonded(host: String)
  /// A host has connected.
  case connected(host: String)
  /// A host is gone.
  case disconnected(host: String)
  /// A host uses the token, over GATT or an L2CAP channel.
  case owned(host: String, over: String)
  /// The owner is gone; the card has lost power.
  case released(host: String)
  /// A host has not secured its link in so many seconds, and is disconnected.
  case unsecured(host: String, seconds: Int)
  /// Another host than the owner was there while the owner uses the token, and is disconnected.
  case intruder(host: String)
}

extension PeripheralEvent: CustomStringConvertible {
  /// One sentence.
  public var description: String {
    switch self {
    case .waiting(let sentence): sentence
    case .advertising(let name, let adapter, let address, _):
      "on the air as \(name), adapter \(adapter) (\(address))"
    case .pairingOpened(let seconds): "hosts can be paired for \(seconds) s"
    case .pairingClosed: "hosts cannot be paired any more"
    case .passkey(let host, let passkey): "\(host) wants to pair; type there: \(passkey)"
    case .comparison(let host, let passkey):
      "\(host) wants to pair; does it show \(passkey)? confirm or reject"
    case .pairingRefused(let host, let reason): "\(host) was not paired: \(reason)"
    case .bonded(let host): "\(host) is paired"
    case .bondReplaced(let host): "\(host) is paired anew, in place of an earlier time"
    case .unbonded(let host): "\(host) is not paired any more"
    case .connected(let host): "\(host) has connected"
    case .disconnected(let host): "\(host) has disconnected"
    case .owned(let host, let link): "\(host) uses the token (\(link))"
    case .released(let host): "\(host) does not use the token any more; the card has been reset"
    case .unsecured(let host, let seconds):
      "\(host) has neither paired nor shown that it is paired in \(seconds) s, and is disconnected"
    case .intruder(let host): "\(host) wanted a token that another host uses, and is disconnected"
    }
  }
}

extension PeripheralEvent: NamedEvent {
  /// Its name, and what belongs to it.
  public var object: (event: String, members: KeyValuePairs<String, any Encodable>) {
    switch self {
    case .waiting(let sentence): ("waiting", ["reason": sentence])
    case .advertising(let name, let adapter, let address, let psm):
      ("advertising", ["name": name, "adapter": adapter, "address": address, "psm": psm])
    case .pairingOpened(let seconds): ("pairing-opened", ["seconds": seconds])
    case .pairingClosed: ("pairing-closed", [:])
    case .passkey(let host, let passkey): ("passkey", ["host": host, "passkey": passkey])
    case .comparison(let host, let passkey): ("comparison", ["host": host, "passkey": passkey])
    case .pairingRefused(let host, let reason):
      ("pairing-refused", ["host": host, "reason": reason])
    case .bonded(let host): ("bonded", ["host": host])
    case .bondReplaced(let host): ("bond-replaced", ["host": host])
    case .unbonded(let host): ("unbonded", ["host": host])
    case .connected(let host): ("connected", ["host": host])
    case .disconnected(let host): ("disconnected", ["host": host])
    case .owned(let host, let link): ("owned", ["host": host, "over": link])
    case .released(let host): ("released", ["host": host])
    case .unsecured(let host, let seconds): ("unsecured", ["host": host, "seconds": seconds])
    case .intruder(let host): ("intruder", ["host": host])
    }
  }
}
