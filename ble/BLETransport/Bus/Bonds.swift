/// A device an adapter is paired with.
public struct Bond: Equatable, Sendable {
  /// Its address: "00:11:22:33:44:55".
  public let address: String
  /// What it calls itself, or its address.
  public let name: String
  /// There is a link now.
  public let isConnected: Bool
}

/// Who an adapter is paired with, as bluetoothd remembers.
public struct Bonds {
  private let adapter: String

  /// The bonds of an adapter: "hci0".
  public init(adapter: String) { self.adapter = adapter }

  /// Every bond, by address.
  ///
  /// - Throws: where there is no bus, no bluetoothd or no such adapter.
  public func all() throws(BusError) -> [Bond] {
    try withBlueZ { blueZ, finish in finish(.success(bonds(blueZ).map(\.bond))) }
  }

  /// Forgets a device, whatever the case of its address.
  ///
  /// - Returns: False where it is not paired.
  /// - Throws: where there is no bus, no bluetoothd or no such adapter.
  public func remove(_ address: String) throws(BusError) -> Bool {
    try withBlueZ { blueZ, finish in
      let found = bonds(blueZ).first { $0.bond.address == address.uppercased() }
      guard let found else { return finish(.success(false)) }
      blueZ.call(
        "forget \(address)", path, BlueZ.adapter, "RemoveDevice", [.path(found.path)], as: "o"
      ) { finish($0.map { _ in true }) }
    }
  }

  private var path: String { "/org/bluez/" + adapter }

  private func bonds(_ blueZ: BlueZ) -> [(path: String, bond: Bond)] {
    blueZ.devices(of: path).compactMap { path, properties in
      guard properties["Bonded"]?.bool == true, let address = properties["Address"]?.string
      else { return nil }
      return (
        path,
        Bond(
          address: address, name: properties["Alias"]?.string ?? address,
          isConnected: properties["Connected"]?.bool == true)
      )
    }
  }

  /// Does something once bluetoothd's objects are known, and waits for what comes of it.
  private func withBlueZ<Value>(
    _ body: (BlueZ, @escaping (Result<Value, BusError>) -> Void) -> Void
  ) throws(BusError) -> Value {
    let attempt = "use the Bluetooth adapter \(adapter)"
    let loop = EventLoop()
    let bus = try Bus.system()
    loop.add(bus)
    var result: Result<Value, BusError>?
    var isReady = false
    let blueZ = try BlueZ(on: bus) { change in
      switch change {
      case .appeared: isReady = true
      case .vanished:
        result = .failure(
          BusError(
            attempt, name: BusError.serviceUnknown,
            reason: "bluetoothd does not run; systemctl start bluetooth"))
      case .added, .removed, .changed: break
      }
    }
    loop.after(.seconds(10)) {
      result = .failure(
        BusError(attempt, name: BusError.noReply, reason: "bluetoothd does not answer"))
    }
    loop.run { result == nil && !isReady && !bus.isClosed }
    if isReady {
      guard blueZ.objects[path] != nil else {
        throw BusError(
          attempt, name: BusError.serviceUnknown, reason: "there is no such adapter")
      }
      body(blueZ) { result = $0 }
      loop.run { result == nil && !bus.isClosed }
    }
    guard let result else {
      throw BusError(attempt, name: BusError.disconnected, reason: "the bus was closed")
    }
    return try result.get()
  }
}
