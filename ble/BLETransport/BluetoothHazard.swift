/// Something that is known to go wrong with certain versions (ble/README.md has the list).
public struct BluetoothHazard: Encodable, Sendable {
  /// A name for programs.
  public let name: String
  /// What goes wrong, and what it means here.
  public let sentence: String
  /// The first version of bluetoothd without it; nil where bluetoothd is not to blame.
  public let fixedIn: BlueZVersion?

  /// What is known.
  static let all = [
    BluetoothHazard(
      name: "eatt-reordering",
      sentence: "notifications travel over several bearers at once and overtake each other; "
        + "softdna's frames do not mind, other programs may (Channels=1 under [GATT] in "
        + "/etc/bluetooth/main.conf ends it)",
      fixedIn: BlueZVersion(5, 67)),
    BluetoothHazard(
      name: "write-510",
      sentence:
        "values of more than 510 bytes are refused, whatever the MTU; softdna sends shorter "
        + "ones",
      fixedIn: BlueZVersion(5, 69)),
    BluetoothHazard(
      name: "notifications-to-all",
      sentence: "a token's notifications go to every host that has subscribed; softdna serves one "
        + "host at a time and disconnects others",
      fixedIn: BlueZVersion(5, 76)),
    BluetoothHazard(
      name: "stale-bond-oops",
      sentence:
        "the kernel crashes when a host connects to a token that has deleted their pairing; "
        + "delete it on the host first, or boot another kernel",
      fixedIn: nil),
  ]

  /// Whether these versions have it. Of the kernel's, 6.1.187 has not and 6.1.192 has; those between
  /// are not known to be well.
  func isThere(bluetoothd: BlueZVersion?, kernel: KernelVersion) -> Bool {
    if let fixedIn { return bluetoothd.map { $0 < fixedIn } ?? false }
    let numbers = kernel.numbers
    return numbers.count >= 3 && numbers[0] == 6 && numbers[1] == 1
      && (188...192).contains(numbers[2])
  }
}
