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
  /// Another host than the owner tried to use the token, and is disconnected.
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
    case .unbonded(let host): "\(host) is not paired any more"
    case .connected(let host): "\(host) has connected"
    case .disconnected(let host): "\(host) has disconnected"
    case .owned(let host, let link): "\(host) uses the token (\(link))"
    case .released(let host): "\(host) does not use the token any more; the card has been reset"
    case .intruder(let host): "\(host) wanted a token that another host uses, and is disconnected"
    }
  }
}

extension PeripheralEvent: Encodable {
  private struct Key: CodingKey {
    let stringValue: String
    var intValue: Int? { nil }
    init(_ name: String) { stringValue = name }
    init(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// An object with the member `event` and what belongs to it.
  public func encode(to encoder: any Encoder) throws {
    var object = encoder.container(keyedBy: Key.self)
    func write(_ event: String, _ members: KeyValuePairs<String, any Encodable>) throws {
      try object.encode(event, forKey: Key("event"))
      for (name, value) in members { try object.encode(value, forKey: Key(name)) }
    }
    switch self {
    case .waiting(let sentence): try write("waiting", ["reason": sentence])
    case .advertising(let name, let adapter, let address, let psm):
      try write(
        "advertising", ["name": name, "adapter": adapter, "address": address, "psm": psm])
    case .pairingOpened(let seconds): try write("pairing-opened", ["seconds": seconds])
    case .pairingClosed: try write("pairing-closed", [:])
    case .passkey(let host, let passkey):
      try write("passkey", ["host": host, "passkey": passkey])
    case .comparison(let host, let passkey):
      try write("comparison", ["host": host, "passkey": passkey])
    case .pairingRefused(let host, let reason):
      try write("pairing-refused", ["host": host, "reason": reason])
    case .bonded(let host): try write("bonded", ["host": host])
    case .unbonded(let host): try write("unbonded", ["host": host])
    case .connected(let host): try write("connected", ["host": host])
    case .disconnected(let host): try write("disconnected", ["host": host])
    case .owned(let host, let link): try write("owned", ["host": host, "over": link])
    case .released(let host): try write("released", ["host": host])
    case .intruder(let host): try write("intruder", ["host": host])
    }
  }
}
