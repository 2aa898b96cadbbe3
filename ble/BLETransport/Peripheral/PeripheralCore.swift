internal import ISO7816
internal import Terminal

/// What a peripheral's thread owns: who uses the token, and everything that comes in.
final class PeripheralCore {
  let configuration: Peripheral.Configuration
  let atr: ATR
  let observer: (PeripheralEvent) -> Void
  let session: [UInt8]
  let loop = EventLoop()
  let requests: CardRequests
  var application: TokenApplication
  private var isStopping = false
  /// The path of the host that uses the token.
  private(set) var owner: String?
  private(set) var listener: ChannelListener?
  private var channel: ChannelLink?
  private(set) lazy var pipe = ResponsePipe(
    on: loop,
    isShared: { [unowned self] in
      registration.version.map { $0 < ResponsePipe.firstWithSocketsPerHost } ?? false
    },
    emit: { [unowned self] value in
      registration.emit(
        TokenApplication.response, BlueZ.characteristic, ["Value": .bytes(value)])
    },
    closed: { [unowned self] in unsubscribed($0) })
  private(set) lazy var link = GATTLink(requests, on: loop) { [unowned self] value in
    heldBack.append(value)
    deliver()
  }
  /// Values for the owner that nobody else may hear.
  private var heldBack: [[UInt8]] = []
  var hosts: HostLinks
  var nextLook: Alarm?
  private(set) lazy var pairing = Pairing(
    on: loop, confirms: configuration.confirms,
    addressOf: { [unowned self] in address(of: $0) },
    setOpen: { [unowned self] in setPairing($0, $1) },
    progress: { [unowned self] in follow($0, $1) }, observer: observer)
  private(set) lazy var registration = Registration(
    on: loop, adapter: configuration.adapter, capability: pairing.capability,
    delegate: Registration.Delegate(
      called: { [unowned self] in answer($0) },
      changed: { [unowned self] in follow($0) },
      adapterReady: { [unowned self] in listen(at: $0, isPublic: $1) },
      onAir: { [unowned self] in announce() },
      isPairable: { [unowned self] in pairing.isOpen },
      waiting: { [unowned self] in observer(.waiting($0)) }))

  init(
    _ card: any CardChannel, atr: ATR, _ configuration: Peripheral.Configuration,
    waitReason: @escaping @Sendable () -> Wait.Reason,
    observer: @escaping (PeripheralEvent) -> Void
  ) {
    self.configuration = configuration
    self.atr = atr
    self.observer = observer
    application = TokenApplication(name: configuration.name)
    hosts = HostLinks(limit: configuration.limit)
    session = (0..<Info.sessionLength).map { _ in UInt8.random(in: 0...0xFF) }
    requests = CardRequests(card, on: loop, waitReason: waitReason)
  }

  /// Serves until it is told to stop, also by what comes from other threads.
  func run(_ orders: Mailbox<PeripheralCore>) {
    loop.add(orders.source(for: self))
    if let duration = configuration.pairing { pairing.open(for: duration) }
    loop.run {
      registration.advance()
      return !isStopping
    }
    // Its link would stay up otherwise, with no token at the end of it.
    if let owner { disconnect(owner) }
    release()
    registration.end()
    requests.end()
  }

  func stop() { isStopping = true }

  func openPairing(for duration: Duration) { pairing.open(for: duration) }

  func confirm(_ isSame: Bool) { pairing.confirm(isSame) }

  func setPresent(_ present: Bool) {
    guard present != requests.isPresent else { return }
    requests.setPresent(present)
    let state = Message(
      .state, id: 0, payload: [(present ? CardState.present : .removed).rawValue])
    if let channel { channel.say(state) } else if owner != nil { link.say(state) }
  }
}

/// Who uses the token.
extension PeripheralCore {
  /// Makes a host the owner where there is none; sends every other one away.
  func admit(_ host: String, over link: String) -> Bool {
    act(hosts.used(host))
    guard let owner else {
      self.owner = host
      observer(.owned(host: address(of: host), over: link))
      for other in hosts.hosts where other != host { sendAway(other) }
      return true
    }
    guard owner == host else {
      sendAway(host)
      return false
    }
    return true
  }

  /// Disconnects a host that is not the owner.
  func sendAway(_ host: String) {
    observer(.intruder(host: address(of: host)))
    disconnect(host)
  }

  func disconnect(_ host: String) {
    registration.blueZ?.call("disconnect a host", host, BlueZ.device, "Disconnect")
  }

  /// Gives the owner what there is for it, unless another host could hear it: BlueZ before 5.76
  /// gives a notification to every host that has subscribed, and does not tell who that is. Only one
  /// that is paired can be.
  func deliver() {
    guard let owner, !heldBack.isEmpty else { return heldBack = [] }
    let isOverheard = hosts.hosts.contains { other in
      other != owner
        && registration.blueZ?.property("Paired", of: other, BlueZ.device)?.bool != false
    }
    guard !isOverheard else { return }
    let values = heldBack
    heldBack = []
    for value in values { pipe.send(value, to: owner) }
  }

  /// The owner is gone: nothing of what it had verified or begun survives.
  func release() {
    guard let host = owner else { return }
    owner = nil
    heldBack = []
    channel?.close(on: loop)
    channel = nil
    link.reset()
    requests.powerOff()
    observer(.released(host: address(of: host)))
  }

  /// A host does not listen to notifications any more, nil for all: an owner that does not use the
  /// channel is none then.
  private func unsubscribed(_ host: String?) {
    guard channel == nil, host == nil || host == owner else { return }
    release()
  }

  private func open(_ socket: Descriptor, from address: String) {
    let host = path(of: address)
    guard admit(host, over: "l2cap"), channel == nil else { return }
    channel = ChannelLink(socket, requests, on: loop) { [unowned self] closed in
      if closed === channel { release() }
    }
  }

  private func forgetListener() {
    listener.map(loop.remove)
    listener = nil
  }

  private func listen(at address: String, isPublic: Bool) {
    forgetListener()
    guard configuration.offersChannel else { return }
    do throws(L2CAPError) {
      let listener = try ChannelListener(
        adapter: address, isPublic: isPublic,
        accepted: { [unowned self] in open($0, from: $1) },
        failed: { [unowned self] error in
          forgetListener()
          observer(.waiting("\(error); hosts use GATT alone"))
        })
      loop.add(listener)
      self.listener = listener
    } catch {
      observer(.waiting("\(error); hosts use GATT alone"))
    }
  }

  /// The adapter is gone, and every host with it.
  func leaveAdapter() {
    release()
    hosts.reset()
    pipe.reset()
    forgetListener()
  }

  /// A host's address, from its object or the object's name.
  func address(of path: String) -> String {
    registration.blueZ?.property("Address", of: path, BlueZ.device)?.string
      ?? path.split(separator: "_").suffix(6).joined(separator: ":")
  }

  /// The object of the host with an address. bluetoothd keeps the name of an object whose host has
  /// told its lasting address since.
  private func path(of address: String) -> String {
    let devices = registration.blueZ?.devices(of: registration.adapterPath) ?? []
    return devices.first { $0.properties["Address"] == .string(address) }?.path
      ?? registration.adapterPath + "/dev_" + address.replacing(":", with: "_")
  }
}
