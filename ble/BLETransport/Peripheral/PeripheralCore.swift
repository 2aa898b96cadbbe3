internal import ISO7816
internal import Terminal

/// What a peripheral's thread owns: who uses the token, and everything that comes in.
final class PeripheralCore {
  private let configuration: Peripheral.Configuration
  private let atr: ATR
  private let observer: (PeripheralEvent) -> Void
  private let session: [UInt8]
  private let loop = EventLoop()
  private let requests: CardRequests
  private var application: TokenApplication
  private var isStopping = false
  /// The path of the host that uses the token.
  private var owner: String?
  private var listener: ChannelListener?
  private var channel: ChannelLink?
  private lazy var pipe = ResponsePipe(
    on: loop,
    emit: { [unowned self] value in
      registration.emit(
        TokenApplication.response, BlueZ.characteristic, ["Value": .bytes(value)])
    },
    closed: { [unowned self] in unsubscribed() })
  private lazy var link = GATTLink(requests, on: loop) { [unowned self] value in
    if let owner { pipe.send(value, to: owner) }
  }
  private lazy var pairing = Pairing(
    on: loop, confirms: configuration.confirms,
    addressOf: { [unowned self] in address(of: $0) },
    setOpen: { [unowned self] in setPairing($0, $1) }, observer: observer)
  private lazy var registration = Registration(
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
    let tag = String(UInt16.random(in: 0...0xFFFF), radix: 16)
    application = TokenApplication(
      name: "Token-" + String(repeating: "0", count: 4 - tag.count) + tag)
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
  private func admit(_ host: String, over link: String) -> Bool {
    guard let owner else {
      self.owner = host
      observer(.owned(host: address(of: host), over: link))
      return true
    }
    guard owner == host else {
      observer(.intruder(host: address(of: host)))
      disconnect(host)
      return false
    }
    return true
  }

  private func disconnect(_ host: String) {
    registration.blueZ?.call("disconnect a host", host, BlueZ.device, "Disconnect")
  }

  /// The owner is gone: nothing of what it had verified or begun survives.
  private func release() {
    guard let host = owner else { return }
    owner = nil
    channel?.close(on: loop)
    channel = nil
    link.reset()
    requests.powerOff()
    observer(.released(host: address(of: host)))
  }

  /// Nobody listens to notifications any more: a host that comes back begins anew.
  private func unsubscribed() {
    guard owner != nil, channel == nil else { return }
    link.reset()
    requests.powerOff()
  }

  private func open(_ socket: Descriptor, from address: String) {
    let host = registration.adapterPath + "/dev_" + address.replacing(":", with: "_")
    guard admit(host, over: "l2cap"), channel == nil else { return }
    channel = ChannelLink(socket, requests, on: loop) { [unowned self] closed in
      guard closed === channel else { return }
      channel = nil
      requests.powerOff()
    }
  }

  private func listen(at address: String, isPublic: Bool) {
    listener.map(loop.remove)
    listener = nil
    guard configuration.offersChannel else { return }
    do throws(L2CAPError) {
      let listener = try ChannelListener(adapter: address, isPublic: isPublic) {
        [unowned self] in open($0, from: $1)
      }
      loop.add(listener)
      self.listener = listener
    } catch {
      observer(.waiting("\(error); hosts use GATT alone"))
    }
  }
}

/// What bluetoothd wants.
extension PeripheralCore {
  private func answer(_ call: IncomingCall) {
    guard !application.answer(call) else { return }
    switch (call.path, call.member) {
    case (TokenApplication.agent, _): pairing.answer(call)
    case (TokenApplication.advertisement, "Release"): call.answer()
    case (TokenApplication.command, "WriteValue"): write(call)
    case (TokenApplication.info, "ReadValue"): read(info.value, call)
    case (TokenApplication.channelPSM, "ReadValue"):
      let psm = listener?.psm ?? 0
      read([UInt8(psm & 0xFF), UInt8(psm >> 8)], call)
    case (TokenApplication.response, "StartNotify"):
      pipe.setNotifying(true)
      call.answer()
    case (TokenApplication.response, "StopNotify"):
      pipe.setNotifying(false)
      call.answer()
    case (TokenApplication.response, "AcquireNotify"):
      let options = call.arguments.first?.dictionary ?? [:]
      guard let end = pipe.acquire(for: options["device"]?.path ?? "") else {
        return call.refuse("org.bluez.Error.Failed", "no socket: \(Descriptor.lastError)")
      }
      call.answer([.descriptor(end), options["mtu"] ?? .uint16(517)], as: "hq")
    default:
      call.refuse(
        "org.freedesktop.DBus.Error.UnknownMethod", "no \(call.interface).\(call.member) here")
    }
  }

  private var info: Info {
    var features: Info.Features = [.presence, .cancel]
    if listener != nil { features.insert(.channel) }
    return Info(
      maximumMessage: UInt16(Peripheral.maximumMessage),
      maximumFragment: UInt16(Fragmentation.dataLength(mtu: 517)), features: features, atr: atr,
      state: requests.isPresent ? .present : .removed, session: session)
  }

  /// A host reads a value, perhaps piece by piece.
  private func read(_ value: [UInt8], _ call: IncomingCall) {
    let offset = Int(call.arguments.first?.dictionary?["offset"]?.uint16 ?? 0)
    guard offset <= value.count else {
      return call.refuse("org.bluez.Error.InvalidOffset", "the value has \(value.count) bytes")
    }
    call.answer([.bytes(Array(value[offset...]))], as: "ay")
  }

  private func write(_ call: IncomingCall) {
    guard call.arguments.count == 2, let value = call.arguments[0].bytes,
      let options = call.arguments[1].dictionary, let host = options["device"]?.path
    else { return refuse(call, .badFrame) }
    guard options["offset"]?.uint16 ?? 0 == 0 else {
      return call.refuse("org.bluez.Error.InvalidOffset", "frames are written whole")
    }
    guard admit(host, over: "gatt") else { return refuse(call, .busy) }
    guard pipe.isOpen(for: host) else { return refuse(call, .notSubscribed) }
    do throws(ATTError) {
      try link.write(value, mtu: Int(options["mtu"]?.uint16 ?? 23))
      call.answer()
    } catch {
      refuse(call, error)
    }
  }

  /// BlueZ makes an application's error of the attribute protocol out of this text.
  private func refuse(_ call: IncomingCall, _ error: ATTError) {
    call.refuse("org.bluez.Error.Failed", "0x" + String(error.rawValue, radix: 16))
  }
}

/// What happens at bluetoothd.
extension PeripheralCore {
  private func follow(_ change: BlueZ.Change) {
    let devices = registration.adapterPath + "/"
    switch change {
    case .vanished:
      leaveAdapter()
      pairing.reset()
    case .removed(registration.adapterPath, let interfaces)
    where interfaces.contains(BlueZ.adapter):
      leaveAdapter()
    case .added(let path, let interfaces)
    where path.hasPrefix(devices) && interfaces.contains(BlueZ.device):
      if registration.blueZ?.property("Connected", of: path, BlueZ.device)?.bool == true {
        observer(.connected(host: address(of: path)))
      }
    case .removed(let path, let interfaces)
    where path.hasPrefix(devices) && interfaces.contains(BlueZ.device):
      if path == owner { release() }
    case .changed(let path, BlueZ.device, let properties) where path.hasPrefix(devices):
      follow(path, properties)
    case .appeared, .added, .removed, .changed: break
    }
  }

  /// The adapter is gone, and every host with it.
  private func leaveAdapter() {
    release()
    pipe.reset()
    listener.map(loop.remove)
    listener = nil
  }

  private func follow(_ host: String, _ properties: [String: BusValue]) {
    if let isConnected = properties["Connected"]?.bool {
      observer(
        isConnected ? .connected(host: address(of: host)) : .disconnected(host: address(of: host)))
      if !isConnected, host == owner { release() }
    }
    if let isBonded = properties["Bonded"]?.bool {
      observer(
        isBonded ? .bonded(host: address(of: host)) : .unbonded(host: address(of: host)))
    }
  }

  private func announce() {
    let address =
      registration.blueZ?.property("Address", of: registration.adapterPath, BlueZ.adapter)?.string
    observer(
      .advertising(
        name: application.name, adapter: configuration.adapter, address: address ?? "",
        psm: listener?.psm ?? 0))
  }

  private func setPairing(_ isOpen: Bool, _ event: PeripheralEvent) {
    application.isDiscoverable = isOpen
    registration.emit(
      TokenApplication.advertisement, TokenApplication.leAdvertisement,
      ["Discoverable": .bool(isOpen)])
    guard registration.isDone(.pairable) else { return observer(event) }
    registration.setPairable(isOpen) { [unowned self] answer in
      switch answer {
      case .success: observer(event)
      case .failure(let error): observer(.waiting("\(error)"))
      }
    }
  }

  /// A host's address, from its object or the object's name.
  private func address(of path: String) -> String {
    registration.blueZ?.property("Address", of: path, BlueZ.device)?.string
      ?? path.split(separator: "_").suffix(6).joined(separator: ":")
  }
}
