internal import CBluetooth
internal import Glibc

/// A link of an adapter as the kernel has it (HCIGETCONNLIST), which bluetoothd does not tell: who
/// began it, and whether it is encrypted.
struct AdapterLink: Equatable {
  /// The other end's address.
  let address: String
  /// The other end began it and is a host: this end is the peripheral. A mouse is none.
  let isFromHost: Bool
  /// It is encrypted.
  let isEncrypted: Bool

  /// The adapter's links; nil where the kernel does not tell them.
  static func all(of adapter: String) -> [AdapterLink]? {
    guard adapter.hasPrefix("hci"), let number = UInt16(adapter.dropFirst(3)) else { return nil }
    let socket = Descriptor(
      owning: socket(
        AF_BLUETOOTH, Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue), Int32(BTPROTO_HCI)))
    guard socket.number >= 0 else { return nil }
    let size = MemoryLayout<hci_conn_info>.size
    var list = [UInt8](repeating: 0, count: headerLength + capacity * size)
    return list.withUnsafeMutableBytes { bytes in
      bytes.storeBytes(of: number, as: UInt16.self)
      bytes.storeBytes(of: UInt16(capacity), toByteOffset: 2, as: UInt16.self)
      guard let start = bytes.baseAddress, ioctl(socket.number, listLinks, start) == 0 else {
        return nil
      }
      let count = Int(bytes.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
      return (0..<min(count, capacity)).map { position in
        AdapterLink(
          bytes.loadUnaligned(
            fromByteOffset: headerLength + position * size, as: hci_conn_info.self))
      }
    }
  }

  /// `hci_conn_list_req` without its list.
  private static let headerLength = 4
  /// More than any controller has.
  private static let capacity = 64
  /// HCIGETCONNLIST, a macro that is not imported: _IOR('H', 212, int).
  private static let listLinks: UInt = 2 << 30 | 4 << 16 | 0x48 << 8 | 212
  /// The kernel's number of a link of Bluetooth LE; the library does not have it.
  private static let lowEnergy: UInt8 = 0x80

  private init(_ link: hci_conn_info) {
    var link = link
    address = L2CAPSocket.text(of: &link.bdaddr)
    isFromHost = link.type == Self.lowEnergy && link.link_mode & UInt32(HCI_LM_MASTER) == 0
    isEncrypted = link.link_mode & UInt32(HCI_LM_ENCRYPT) != 0
  }

  init(address: String, isFromHost: Bool, isEncrypted: Bool) {
    self.address = address
    self.isFromHost = isFromHost
    self.isEncrypted = isEncrypted
  }
}
