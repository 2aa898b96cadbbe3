internal import CBluetooth

/// A Bluetooth adapter of this machine as the kernel has it, with or without bluetoothd
/// (libbluetooth's hci_devinfo).
public struct LocalAdapter: Equatable, Sendable {
  /// Its name: "hci0".
  public let name: String
  /// Its address: "00:1A:7D:DA:71:13".
  public let address: String
  /// It is switched on.
  public let isUp: Bool
  /// It knows Bluetooth LE.
  public let hasLE: Bool

  /// Every adapter the kernel has, in its order.
  public static func all() -> [LocalAdapter] {
    // The kernel counts adapters in 16 bits; libbluetooth looks at the first 16 of them.
    (0..<Int32(HCI_MAX_DEV)).compactMap { LocalAdapter(number: $0) }
  }

  private init?(number: Int32) {
    var info = hci_dev_info()
    guard hci_devinfo(number, &info) == 0 else { return nil }
    name = "hci\(number)"
    address = L2CAPSocket.text(of: &info.bdaddr)
    isUp = info.flags & 1 << UInt32(HCI_UP) != 0
    // LE is feature bit 38 (Core Specification, Vol 2 Part C, 3.3).
    hasLE = info.features.4 & 0x40 != 0
  }
}
