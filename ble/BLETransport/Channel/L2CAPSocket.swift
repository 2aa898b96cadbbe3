internal import CBluetooth
internal import Glibc

/// What an L2CAP socket call could not do.
struct L2CAPError: Error, CustomStringConvertible {
  let attempt: String
  let code: Int32

  init(_ attempt: String, errno code: Int32 = errno) {
    self.attempt = attempt
    self.code = code
  }

  var description: String { "cannot \(attempt): \(String(cString: strerror(code)))" }
}

/// Connection-oriented L2CAP channels of Bluetooth LE, as sockets: one packet is one unit of data
/// (SDU), in order, with flow control.
enum L2CAPSocket {
  /// LE Secure Connections, authenticated, with a key of 16 bytes: the kernel refuses every other
  /// host with EACCES (BT_SECURITY_FIPS).
  static let security = UInt8(BT_SECURITY_FIPS)
  /// The longest unit, in bytes.
  static let maximumUnit = 0xFFFF
  /// Numbers that programs may take (Core Specification, Vol 3 Part A, 4.22).
  static let dynamicPSMs: ClosedRange<UInt16> = 0x80...0xFF

  /// A number that nobody listens at: the last of those the Bluetooth SIG assigns.
  static let unassignedPSM: UInt16 = 0x7F

  /// A socket bound to an adapter's address.
  ///
  /// - Parameters:
  ///   - psm: the number to listen at; 0 to connect.
  ///   - security: what a link must have that carries the channel.
  static func bound(
    to adapter: String, isPublic: Bool, psm: UInt16, security: UInt8 = Self.security
  ) throws(L2CAPError) -> Descriptor {
    let number = socket(
      AF_BLUETOOTH, Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue),
      Int32(BTPROTO_L2CAP))
    guard number >= 0 else { throw L2CAPError("open an L2CAP socket") }
    let socket = Descriptor(owning: number)
    guard with(address: adapter, isPublic: isPublic, psm: psm, { bind(number, $0, $1) }) == 0
    else { throw L2CAPError("bind an L2CAP socket to \(adapter)") }
    var security = bt_security(level: security, key_size: 0)
    var unit = UInt16(maximumUnit)
    guard
      setsockopt(
        number, SOL_BLUETOOTH, BT_SECURITY, &security,
        socklen_t(MemoryLayout<bt_security>.size)) == 0,
      setsockopt(number, SOL_BLUETOOTH, BT_RCVMTU, &unit, socklen_t(MemoryLayout<UInt16>.size))
        == 0
    else { throw L2CAPError("secure an L2CAP socket") }
    return socket
  }

  /// Runs `body` with an address as the kernel has it.
  static func with(
    address: String, isPublic: Bool, psm: UInt16,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var l2cap = sockaddr_l2()
    l2cap.l2_family = sa_family_t(AF_BLUETOOTH)
    l2cap.l2_psm = psm.littleEndian
    l2cap.l2_bdaddr_type = UInt8(isPublic ? BDADDR_LE_PUBLIC : BDADDR_LE_RANDOM)
    guard str2ba(address, &l2cap.l2_bdaddr) == 0 else {
      errno = EINVAL
      return -1
    }
    return withUnsafePointer(to: &l2cap) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_l2>.size))
      }
    }
  }

  /// An address as text: "00:1A:7D:DA:71:13".
  static func text(of address: inout bdaddr_t) -> String {
    var text = [CChar](repeating: 0, count: 18)
    ba2str(&address, &text)
    return String(decoding: text.dropLast().map(UInt8.init(bitPattern:)), as: UTF8.self)
  }

  /// The security of the link to a device that is connected now; nil where that cannot be told.
  ///
  /// The kernel tells it of a socket that is being connected over that link. The connection is
  /// asked for without any security, so that the link stays as it is, and given up at once: the
  /// device sees a request for a number that nobody listens at.
  static func linkSecurity(
    from adapter: (address: String, isPublic: Bool), to device: (address: String, isPublic: Bool)
  ) -> UInt8? {
    guard
      let socket = try? bound(
        to: adapter.address, isPublic: adapter.isPublic, psm: 0, security: UInt8(BT_SECURITY_LOW))
    else { return nil }
    let number = socket.number
    _ = fcntl(number, F_SETFL, fcntl(number, F_GETFL) | O_NONBLOCK)
    let code = with(address: device.address, isPublic: device.isPublic, psm: unassignedPSM) {
      connect(number, $0, $1)
    }
    guard code == 0 || errno == EINPROGRESS else { return nil }
    var found = bt_security()
    var length = socklen_t(MemoryLayout<bt_security>.size)
    guard getsockopt(number, SOL_BLUETOOTH, BT_SECURITY, &found, &length) == 0 else { return nil }
    return found.level
  }

  /// The longest unit the other end of a channel takes, in bytes.
  static func peerMaximumUnit(of socket: Descriptor) -> Int {
    var unit: UInt16 = 0
    var length = socklen_t(MemoryLayout<UInt16>.size)
    guard getsockopt(socket.number, SOL_BLUETOOTH, BT_SNDMTU, &unit, &length) == 0 else {
      return 0
    }
    return Int(unit)
  }

  /// Whether the link under a channel has the security that was asked for.
  static func isSecure(_ socket: Descriptor) -> Bool {
    var found = bt_security()
    var length = socklen_t(MemoryLayout<bt_security>.size)
    return getsockopt(socket.number, SOL_BLUETOOTH, BT_SECURITY, &found, &length) == 0
      && found.level >= security && found.key_size == 16
  }
}
