import BLETransport

/// What `softdna doctor` looks for of Bluetooth: nothing of it is needed by who has no adapter.
enum BluetoothFindings {
  /// - Parameter sudo: in front of what only root may do.
  static func look(sudo: String) -> [Finding] {
    let status = BluetoothStatus.ofThisMachine()
    let purpose = "a token over Bluetooth LE"
    let usable = status.adapters.filter(\.hasLE)
    let version = status.bluetoothd.map { "runs, version \($0)" } ?? "runs, version not told"
    let hazards = status.hazards.map(\.name).joined(separator: ", ")
    return [
      Finding(
        name: "bluetoothd over D-Bus", isThere: status.problem == nil,
        found: status.problem ?? (hazards.isEmpty ? version : "\(version); beware of \(hazards)"),
        purpose: purpose,
        fix: status.problem == nil
          ? "" : "\(sudo)apt-get install bluez dbus && \(sudo)systemctl start bluetooth",
        isOptional: true),
      Finding(
        name: "Bluetooth LE adapter", isThere: !usable.isEmpty,
        found: usable.isEmpty
          ? "none" : usable.map { "\($0.name) (\($0.address))" }.joined(separator: ", "),
        purpose: purpose, fix: "", isOptional: true),
    ]
  }
}
