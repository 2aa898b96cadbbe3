// It includes sys/socket.h: in optimised builds SOCK_SEQPACKET counts as its.
internal import CBluetooth
internal import Glibc

/// The way of notifications: a socket per host where bluetoothd asks for one (AcquireNotify), and
/// the property's changes otherwise.
///
/// BlueZ before 5.69 asks once for all hosts, and before 5.76 gives what it reads to every host that
/// has subscribed: one more reason for one owner at a time.
final class ResponsePipe {
  private let loop: EventLoop
  /// By the host's path; "" where bluetoothd did not say for whom.
  private var sockets: [String: PacketSocket] = [:]
  private var isNotifying = false
  private let emit: ([UInt8]) -> Void
  private let closed: () -> Void

  /// - Parameters:
  ///   - emit: changes the property.
  ///   - closed: called when nobody listens any more.
  init(on loop: EventLoop, emit: @escaping ([UInt8]) -> Void, closed: @escaping () -> Void) {
    self.loop = loop
    self.emit = emit
    self.closed = closed
  }

  /// Whether the host at this path gets what is sent.
  func isOpen(for host: String) -> Bool {
    isNotifying || sockets[host] != nil || sockets[""] != nil
  }

  /// Notifies a host of a value.
  func send(_ value: [UInt8], to host: String) {
    if let socket = sockets[host] ?? sockets[""] {
      socket.send(value)
    } else if isNotifying {
      emit(value)
    }
  }

  /// StartNotify and StopNotify.
  func setNotifying(_ notifying: Bool) {
    isNotifying = notifying
    if !notifying { closed() }
  }

  /// AcquireNotify: the end for bluetoothd.
  func acquire(for host: String) -> Descriptor? {
    var ends: [Int32] = [0, 0]
    let type = Int32(SOCK_SEQPACKET.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else { return nil }
    drop(host)
    let socket = PacketSocket(
      Descriptor(owning: ends[0]), maximumLength: 1, received: { _ in },
      closed: { [unowned self] in
        drop(host)
        closed()
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

  private func drop(_ host: String) {
    if let socket = sockets.removeValue(forKey: host) { loop.remove(socket) }
  }
}
