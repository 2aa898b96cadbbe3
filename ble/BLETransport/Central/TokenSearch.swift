/// Looks for a token that is not paired yet: discovery, begun anew every few seconds, since
/// bluetoothd may miss an advertisement and controllers tell of it once.
final class TokenSearch {
  private static let adapter = BlueZ.adapter
  private static let round = Duration.seconds(5)
  /// After the first token was heard, for others to be heard as well.
  private static let settling = Duration.seconds(1)

  private let bluez: BlueZ
  private let loop: EventLoop
  private let path: String
  private let wanted: String?
  private let found: ([String]) -> Void
  private var isDiscovering = false
  private var isOver = false
  private var restart: Alarm?
  private var decision: Alarm?

  /// Begins to look.
  ///
  /// - Parameters:
  ///   - adapter: its path.
  ///   - wanted: the address of the token; nil for any.
  ///   - found: called once with the paths of the tokens that were heard.
  init(
    _ bluez: BlueZ, on loop: EventLoop, adapter path: String, wanted: String?,
    found: @escaping ([String]) -> Void
  ) {
    self.bluez = bluez
    self.loop = loop
    self.path = path
    self.wanted = wanted
    self.found = found
    forgetSilent()
    bluez.call(
      "look for tokens", path, Self.adapter, "SetDiscoveryFilter",
      [.dictionary(["Transport": .string("le"), "UUIDs": .array([.string(Profile.service)])])],
      as: "a{sv}")
    startRound()
  }

  deinit { stop() }

  /// Looks at what bluetoothd knows, after a change.
  func look() {
    guard !isOver, decision == nil, !heard.isEmpty else { return }
    if wanted != nil { return decide() }
    decision = loop.after(Self.settling) { [unowned self] in decide() }
  }

  /// The tokens that are heard now.
  ///
  /// bluetoothd names the services of a paired device as it last found them, which is none where the
  /// token's program ended first, whatever is advertised. It passes on what fits the filter, though:
  /// where nothing else is heard, a paired device is taken for what was asked for.
  private var heard: [String] {
    let heard = bluez.devices(of: path).filter { $0.properties["RSSI"] != nil }
    if let wanted {
      return heard.filter { $0.properties["Address"] == .string(wanted) }.map(\.path)
    }
    let tokens = heard.filter {
      $0.properties["UUIDs"]?.array?.contains(.string(Profile.service)) == true
    }
    let paired = heard.filter { $0.properties["Paired"] == .bool(true) }
    return (tokens.isEmpty ? paired : tokens).map(\.path)
  }

  /// Has bluetoothd forget the devices that could be tokens and do not say so: BlueZ 5.66 does not
  /// take up what a device advertises once there was a link to it that did not lead to pairing.
  private func forgetSilent() {
    for (device, properties) in bluez.devices(of: path)
    where properties["Paired"]?.bool != true && properties["Connected"]?.bool != true
      && properties["UUIDs"]?.array?.isEmpty != false
    {
      bluez.call(
        "forget a device that is not paired", path, Self.adapter, "RemoveDevice", [.path(device)],
        as: "o")
    }
  }

  private func decide() {
    decision = nil
    let tokens = heard
    guard !isOver, !tokens.isEmpty else { return }
    stop()
    found(tokens)
  }

  private func startRound() {
    guard !isOver else { return }
    bluez.call("look for tokens", path, Self.adapter, "StartDiscovery") { [weak self] answer in
      if case .success = answer { self?.isDiscovering = true }
    }
    restart = loop.after(Self.round) { [unowned self] in
      restart = nil
      stopDiscovery { [weak self] in self?.startRound() }
    }
  }

  private func stopDiscovery(then next: @escaping () -> Void) {
    guard isDiscovering else { return next() }
    isDiscovering = false
    bluez.call("stop looking", path, Self.adapter, "StopDiscovery") { _ in next() }
  }

  private func stop() {
    isOver = true
    loop.cancel(&restart)
    loop.cancel(&decision)
    stopDiscovery {}
  }
}
