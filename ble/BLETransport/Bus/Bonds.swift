/// A device an adapter is paired with.
public struct Bond: Equatable, Encodable, Sendable {
  /// Its address: "00:11:22:33:44:55".
  public let address: String
  /// What it calls itself, or its address.
  public let name: String
  /// There is a link now.
  public let isConnected: Bool
}

extension Bond {
  /// The bond in a device's properties; nil where there is none.
  init?(_ properties: [String: BusValue]) {
    guard properties["Bonded"]?.bool == true, let address = properties["Address"]?.string
    else { return nil }
    self.init(
      address: address, name: properties["Alias"]?.string ?? address,
      isConnected: properties["Connected"]?.bool == true)
  }
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
      Bond(properties).map { (path, $0) }
    }
  }

  private func withBlueZ<Value>(
    _ body: (BlueZ, @escaping (Result<Value, BusError>) -> Void) -> Void
  ) throws(BusError) -> Value {
    let attempt = "use the Bluetooth adapter \(adapter)"
    return try BlueZQuery.run(attempt) { blueZ, finish in
      guard blueZ.objects[path] != nil else {
        return finish(
          .failure(
            BusError(
              attempt, name: BusError.serviceUnknown, reason: blueZ.noAdapter(adapter))))
      }
      body(blueZ, finish)
    }
  }
}
