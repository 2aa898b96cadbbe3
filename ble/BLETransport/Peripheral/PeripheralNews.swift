/// What happens at bluetoothd.
extension PeripheralCore {
  func follow(_ change: BlueZ.Change) {
    let devices = registration.adapterPath + "/"
    switch change {
    case .appeared:
      // Links may be older than this program.
      for (path, properties) in registration.blueZ?.devices(of: registration.adapterPath) ?? []
      where properties["Connected"]?.bool == true { meet(path) }
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
        meet(path)
      }
    case .removed(let path, let interfaces)
    where path.hasPrefix(devices) && interfaces.contains(BlueZ.device):
      hosts.unbonded(path)
      part(path)
    case .changed(let path, BlueZ.device, let properties) where path.hasPrefix(devices):
      follow(path, properties)
    case .added, .removed, .changed: break
    }
  }

  private func follow(_ host: String, _ properties: [String: BusValue]) {
    if let isConnected = properties["Connected"]?.bool {
      observer(
        isConnected ? .connected(host: address(of: host)) : .disconnected(host: address(of: host)))
      if isConnected { meet(host) } else { part(host) }
    }
    if let isBonded = properties["Bonded"]?.bool {
      if isBonded {
        hosts.bonded(host)
        look()
        if !hosts.isRejected(host) { observer(.bonded(host: address(of: host))) }
      } else {
        hosts.unbonded(host)
        observer(.unbonded(host: address(of: host)))
      }
    }
    // Whether it could listen has changed.
    if properties["Paired"] != nil { deliver() }
  }

  /// A host has connected; other devices of the machine are not the token's business.
  private func meet(_ host: String) {
    let links = AdapterLink.all(of: configuration.adapter)
    let address = address(of: host)
    guard links?.contains(where: { $0.address == address && $0.isFromHost }) ?? true else { return }
    hosts.connected(host, at: .now)
    if let owner, owner != host { sendAway(host) }
    look()
  }

  private func part(_ host: String) {
    act(hosts.disconnected(host))
    if host == owner { release() }
    deliver()
  }

  /// How a pairing goes on.
  func follow(_ host: String, _ progress: Pairing.Progress) {
    switch progress {
    case .asked:
      let isBonded = registration.blueZ?.property("Bonded", of: host, BlueZ.device)?.bool == true
      act(hosts.asked(host, isBonded: isBonded, at: .now))
      look()
    case .refused: hosts.refused(host)
    case .unstoppable: disconnect(host)
    }
  }
}

/// The links under the hosts.
extension PeripheralCore {
  /// Looks at how far hosts have come with securing their links, now and as long as one is not done.
  func look() {
    loop.cancel(&nextLook)
    if hosts.pause != nil, let links = AdapterLink.all(of: configuration.adapter) {
      let encrypted = Set(links.filter(\.isEncrypted).map(\.address))
      act(
        hosts.look(
          encrypted: hosts.hosts.filter { encrypted.contains(address(of: $0)) },
          isSecure: { isSecure($0) }, at: .now))
    }
    guard let pause = hosts.pause else { return }
    nextLook = loop.after(pause) { [unowned self] in
      nextLook = nil
      look()
    }
  }

  private func isSecure(_ host: String) -> Bool? {
    guard let blueZ = registration.blueZ else { return nil }
    let device = TokenDevice(bluez: blueZ, adapter: registration.adapterPath, path: host)
    return L2CAPSocket.linkSecurity(from: device.adapterAddress, to: device.address)
      .map { $0 >= L2CAPSocket.security }
  }

  /// Does what follows from how hosts secure their links.
  func act(_ findings: [HostLinks.Finding]) {
    for finding in findings {
      switch finding {
      case .overstayed(let host):
        observer(
          .unsecured(
            host: address(of: host), seconds: Int(configuration.limit.components.seconds)))
        disconnect(host)
      case .notPaired(let host, let reason):
        observer(.pairingRefused(host: address(of: host), reason: reason))
      case .replaced(let host): observer(.bondReplaced(host: address(of: host)))
      case .weak(let host):
        observer(.pairingRefused(host: address(of: host), reason: HostLinks.weakReason))
        registration.blueZ?.call(
          "delete a pairing", registration.adapterPath, BlueZ.adapter, "RemoveDevice",
          [.path(host)], as: "o")
      }
    }
  }
}

/// What hosts can see.
extension PeripheralCore {
  func announce() {
    let address =
      registration.blueZ?.property("Address", of: registration.adapterPath, BlueZ.adapter)?.string
    observer(
      .advertising(
        name: application.name, adapter: configuration.adapter, address: address ?? "",
        psm: listener?.psm ?? 0))
  }

  func setPairing(_ isOpen: Bool, _ event: PeripheralEvent) {
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
}
