internal import CPCSC
internal import Glibc
internal import Synchronization
public import Terminal

/// A PC/SC daemon, by the socket it listens on.
///
/// libpcsclite reads `PCSCLITE_CSOCK_NAME` once and keeps it for the life of the process (1.9.9
/// in a static array, later versions through `pthread_once`). It is told a name that stays the
/// same and leads elsewhere each time, `/proc/self/fd/N`: that is how one process can talk to the
/// daemons of several private worlds. The descriptor is aimed, under a lock, for the moment a
/// context is made; a context keeps the daemon it was made with. Other code in the process that
/// calls `SCardEstablishContext` itself reaches the daemon that was aimed at last.
public struct PCSCService: Equatable, Sendable {
  /// The socket's path.
  public let socketPath: String

  /// The daemon listening at `socketPath`.
  public init(socketPath: String) { self.socketPath = socketPath }

  /// The daemon every other program of this environment talks to.
  public static let system = PCSCService(
    socketPath: getenv(socketVariable).map { String(cString: $0) } ?? "/run/pcscd/pcscd.comm")

  /// The code of the error of a daemon that refuses this user: its polkit lets in those with an
  /// active session, and root.
  public static let userRefused: Int = Int(SCARD_W_SECURITY_VIOLATION)

  /// Whether there is a card in a reader.
  public enum CardPresence: Sendable {
    case present
    case absent
  }

  /// The names of all readers, in the daemon's order; empty where there is none.
  ///
  /// - Throws: where no daemon answers.
  public func readers() throws(ChannelError) -> [String] {
    try PCSCContext(self).readers()
  }

  /// The one reader called `name`, or with `name` in its name.
  ///
  /// - Throws: where there is none, or more than one; the reason lists the readers there are.
  public func reader(named name: String) throws(ChannelError) -> String {
    let readers = try readers()
    if readers.contains(name) { return name }
    let matches = readers.filter { $0.contains(name) }
    if let match = matches.first, matches.count == 1 { return match }
    let list =
      readers.isEmpty ? "there is no reader" : "there are: " + readers.joined(separator: ", ")
    throw ChannelError(
      .wire, attempt: "find the reader \"\(name)\"",
      reason: matches.isEmpty ? list : "more than one matches; \(list)")
  }

  /// Blocks until the card is there, or gone.
  ///
  /// - Parameter reader: The reader's whole name.
  /// - Returns: Whether it is; false once `timeout` has passed.
  /// - Throws: where the daemon fails or does not know the reader.
  public func wait(
    for presence: CardPresence, in reader: String, timeout: Duration
  ) throws(ChannelError) -> Bool {
    try PCSCContext(self).wait(for: presence, in: reader, timeout: timeout)
  }

  private static let socketVariable = "PCSCLITE_CSOCK_NAME"
  /// The descriptor whose name libpcsclite knows; nil until the first context is made.
  private static let aimed = Mutex<Int32?>(nil)

  /// Makes a context with this daemon, and with no other.
  func establish() throws(ChannelError) -> SCARDCONTEXT {
    // Read before the variable is changed.
    _ = Self.system
    let attempt = "reach the PC/SC daemon at \(socketPath)"
    // O_PATH, which the Glibc module does not show: a socket cannot be opened otherwise.
    let descriptor = open(socketPath, 0o10_000_000 | O_CLOEXEC)
    guard descriptor >= 0 else {
      let code = errno
      throw ChannelError(
        .wire, attempt: attempt, code: Int(code),
        reason: "\(systemText(code)); start pcscd, or name another PC/SC world")
    }
    return try Self.aimed.withLock { aimed throws(ChannelError) in
      var context = SCARDCONTEXT()
      let result: LONG
      if let known = aimed {
        dup2(descriptor, known)
        _ = fcntl(known, F_SETFD, FD_CLOEXEC)
        close(descriptor)
        result = SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &context)
      } else {
        aimed = descriptor
        // Only for this call: a child process must not inherit a name that means nothing there.
        let before = getenv(Self.socketVariable).map { String(cString: $0) }
        setenv(Self.socketVariable, "/proc/self/fd/\(descriptor)", 1)
        result = SCardEstablishContext(DWORD(SCARD_SCOPE_SYSTEM), nil, nil, &context)
        if let before {
          setenv(Self.socketVariable, before, 1)
        } else {
          unsetenv(Self.socketVariable)
        }
      }
      try check(result, attempt)
      return context
    }
  }
}

/// Throws where a call of libpcsclite failed.
func check(_ result: LONG, _ attempt: @autoclosure () -> String) throws(ChannelError) {
  guard result != LONG(SCARD_S_SUCCESS) else { return }
  let kind: ChannelError.Kind =
    switch Int(result) {
    case Int(SCARD_E_NO_SMARTCARD), Int(SCARD_W_REMOVED_CARD), Int(SCARD_W_UNPOWERED_CARD),
      Int(SCARD_W_UNRESPONSIVE_CARD):
      .noCard
    case Int(SCARD_E_SHARING_VIOLATION): .busy
    default: .wire
    }
  throw ChannelError(
    kind, attempt: attempt(), code: Int(result),
    reason: pcsc_stringify_error(result).map { String(cString: $0) } ?? "no text")
}
