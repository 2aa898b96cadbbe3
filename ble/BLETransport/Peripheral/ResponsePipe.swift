// It includes sys/socket.h: in optimised builds SOCK_SEQPACKET counts as its.
internal import CBluetooth
internal import Glibc

/// The way of notifications: a socket where bluetoothd asks for one (AcquireNotify), and the
/// property's changes otherwise.
///
/// BlueZ before 5.69 asks once, in the name of the host that subscribes first, and gives what it
/// reads to every host that has subscribed; from then until 5.75 it asks for each host. The token
/// therefore sends nothing while another host could listen (`PeripheralCore.deliver`).
final class ResponsePipe {
  /// The first version that asks for a socket for each host.
  static let firstWithSocketsPerHost = BlueZVersion(5, 69)

  private let loop: EventLoop
  /// By the path of the host that subscribed first, or alone; "" where bluetoothd did not say.
  private var sockets: [String: PacketSocket] = [:]
  private var isNotifying = false
  private let isShared: () -> Bool
  private let emit: ([UInt8]) -> Void
  private let closed: (String?) -> Void

  /// - Parameters:
  ///   - isShared: whether one socket is for all hosts.
  ///   - emit: changes the property.
  ///   - closed: called when a host does not listen any more; nil for all hosts.
  init(
    on loop: EventLoop, isShared: @escaping () -> Bool, emit: @escaping ([UInt8]) -> Void,
    closed: @escaping (String?) -> Void
  ) {
    self.loop = loop
    self.isShared = isShared
    self.emit = emit
    self.closed = closed
  }

  /// Whether the host at this path gets what is sent, as far as bluetoothd tells.
  func isOpen(for host: String) -> Bool { isNotifying || socket(for: host) != nil }

  /// Notifies a host of a value.
  func send(_ value: [UInt8], to host: String) {
    if let socket = socket(for: host) {
      socket.send(value)
    } else if isNotifying {
      emit(value)
    }
  }

  private func socket(for host: String) -> PacketSocket? {
    sockets[host] ?? sockets[""] ?? (isShared() ? sockets.values.first : nil)
  }

  /// StartNotify and StopNotify.
  func setNotifying(_ notifying: Bool) {
    isNotifying = notifying
    if !notifying { closed(nil) }
  }

  /// AcquireNotify: the end for bluetoothd.
  func acquire(for host: String) -> Descriptor? {
    var ends: [Int32] = [0, 0]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
    // Where there is one for all, bluetoothd asks again when it has closed the one before.
    if isShared() { reset() } else { drop(host) }
    let socket = PacketSocket(
      Descriptor(owning: ends[0]), maximumLength: 1, received: { _ in },
      closed: { [unowned self] in
        drop(host)
        closed(host.isEmpty || isShared() ? nil : host)
      })
    sockets[host] = socket
    loop.add(socket)
    return Descriptor(owning: ends[1])
  }

  /// bluetoothd is gone.
  func reset() {
    for host in sockets.keys { drop(host) }
    isNotifying = false
  }

  private func drop(_ host: String) { sockets.removeValue(forKey: host)?.leave(loop) }
}
