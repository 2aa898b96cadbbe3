/// A token as bluetoothd knows it: its object, and those of its characteristics.
struct TokenDevice {
  let bluez: BlueZ
  /// The adapter's path.
  let adapter: String
  /// The device's path.
  let path: String

  /// An address as sockets take it.
  typealias Address = (address: String, isPublic: Bool)

  /// The token's.
  var address: Address { address(of: path, BlueZ.device) }
  /// The adapter's.
  var adapterAddress: Address { address(of: adapter, BlueZ.adapter) }

  /// bluetoothd holds a key for the token, and keeps it.
  var isBonded: Bool {
    // Bonded is told since BlueZ 5.65.
    property("Paired")?.bool == true && property("Bonded")?.bool != false
  }

  /// A property of the device.
  func property(_ name: String) -> BusValue? { bluez.property(name, of: path, BlueZ.device) }

  /// The object of a characteristic.
  func characteristic(_ uuid: String) -> String? {
    guard let service else { return nil }
    return bluez.objects.first { path, interfaces in
      path.hasPrefix(service + "/")
        && interfaces[BlueZ.characteristic]?["UUID"] == .string(uuid)
    }?.key
  }

  /// The object of the token's service. Where the token's program was started again, bluetoothd may
  /// still know the old one beside it; the newer one has the higher handle.
  private var service: String? {
    bluez.objects.filter { path, interfaces in
      path.hasPrefix(self.path + "/")
        && interfaces[BlueZ.gattService]?["UUID"] == .string(Profile.service)
    }.keys.max()
  }

  private func address(of path: String, _ interface: String) -> Address {
    (
      bluez.property("Address", of: path, interface)?.string ?? "",
      bluez.property("AddressType", of: path, interface)?.string != "random"
    )
  }
}
