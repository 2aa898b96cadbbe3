internal import Glibc

/// A TCP connection with the two options the vpcd wire needs, closed with its owner.
struct TCPSocket: ~Copyable {
  let descriptor: Int32

  /// Takes over a connected socket.
  init(connected descriptor: Int32) {
    self.descriptor = descriptor
    set(IPPROTO_TCP, TCP_NODELAY, 1)
  }

  deinit { close(descriptor) }

  /// Gives the descriptor away, open.
  consuming func release() -> Int32 {
    let descriptor = descriptor
    discard self
    return descriptor
  }

  /// Connects to `host`:`port`.
  ///
  /// - Parameter opened: Sees each descriptor before it connects, so that another thread can
  ///   shut it down; nil when the attempt on it is over.
  static func connect(
    host: String, port: UInt16, opened: (Int32?) -> Void = { _ in }
  ) throws(VirtualReaderError) -> TCPSocket {
    let attempt = "connect to the virtual reader at \(host):\(port)"
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    hints.ai_flags = AI_NUMERICSERV
    var found: UnsafeMutablePointer<addrinfo>?
    let code = getaddrinfo(host, String(port), &hints, &found)
    guard code == 0, let found else {
      throw VirtualReaderError(
        attempt, reason: String(cString: gai_strerror(code)), code: Int(code))
    }
    defer { freeaddrinfo(found) }
    var lastError: Int32 = EADDRNOTAVAIL
    var next: UnsafeMutablePointer<addrinfo>? = found
    while let address = next?.pointee {
      next = address.ai_next
      let descriptor = socket(
        address.ai_family, address.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), 0)
      guard descriptor >= 0 else {
        lastError = errno
        continue
      }
      opened(descriptor)
      if Glibc.connect(descriptor, address.ai_addr, address.ai_addrlen) == 0 {
        return TCPSocket(connected: descriptor)
      }
      lastError = errno
      opened(nil)
      close(descriptor)
    }
    throw VirtualReaderError(
      attempt, errno: lastError,
      advice: lastError == ECONNREFUSED
        ? "Start pcscd with the vpcd driver (apt-get install pcscd vsmartcard-vpcd; "
          + "systemctl restart pcscd), or name the host and port it listens on"
        : "")
  }

  /// Blocks for bytes and puts them at `position` of `buffer`.
  ///
  /// - Returns: How many; 0 once the connection is over, whoever ended it.
  func receive(into buffer: inout [UInt8], at position: Int) -> Int {
    let count = buffer.withUnsafeMutableBytes { bytes in
      let free = UnsafeMutableRawBufferPointer(rebasing: bytes[position...])
      while true {
        let count = recv(descriptor, free.baseAddress, free.count, 0)
        if count >= 0 || errno != EINTR { return count }
      }
    }
    // The kernel takes this option back by itself. Without it, a driver that sends length and
    // body in two writes waits for our delayed acknowledgement: 40 ms for each APDU.
    set(IPPROTO_TCP, TCP_QUICKACK, 1)
    return max(count, 0)
  }

  /// Sends all of `bytes`.
  ///
  /// - Returns: Whether the connection took them.
  func send(_ bytes: [UInt8]) -> Bool {
    bytes.withUnsafeBytes { bytes in
      var sent = 0
      while sent < bytes.count {
        let rest = UnsafeRawBufferPointer(rebasing: bytes[sent...])
        let count = Glibc.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
        if count >= 0 {
          sent += count
        } else if errno != EINTR {
          return false
        }
      }
      return true
    }
  }

  private func set(_ level: Int, _ option: Int32, _ value: Int32) {
    var value = value
    setsockopt(descriptor, Int32(level), option, &value, socklen_t(MemoryLayout<Int32>.size))
  }
}

/// Ends a connection, and every call that blocks on it, without closing its descriptor.
func shutdownSocket(_ descriptor: Int32) { shutdown(descriptor, Int32(SHUT_RDWR)) }
