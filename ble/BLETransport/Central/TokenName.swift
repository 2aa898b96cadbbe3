/// A token as people know it.
public struct TokenName: Equatable, Sendable, CustomStringConvertible {
  /// Its Bluetooth address.
  public let address: String
  /// The name it tells; empty where it has told none.
  public let name: String

  init(address: String, name: String) {
    self.address = address
    self.name = name
  }

  /// What bluetoothd knows of the device at `path`.
  init(of path: String, _ bluez: BlueZ) {
    address = bluez.property("Address", of: path, BlueZ.device)?.string ?? path
    name = bluez.property("Alias", of: path, BlueZ.device)?.string ?? ""
  }

  /// Name and address.
  public var description: String { name.isEmpty ? address : "\(name) (\(address))" }
}
