public import Terminal

/// The card's end of a virtual reader: plugs a card into vpcd and serves it on a thread of its
/// own, until it is stopped.
///
/// While the card is inserted, a lost connection (pcscd restarted, say) is made again. Between
/// connections the card has no power. All calls may come from any thread.
public final class VPCDCardEnd: Sendable {
  /// The host of Debian's `/etc/reader.conf.d/vpcd`, as seen from the same machine.
  public static let defaultHost = "127.0.0.1"
  /// The port of the first slot in Debian's `/etc/reader.conf.d/vpcd`.
  public static let defaultPort: UInt16 = 0x8C7B

  /// What happened to the card in the reader.
  public enum Event: Equatable, Sendable {
    /// There is a connection to the reader's slot.
    case connected
    /// The reader has asked for the card; from here on programs see it.
    case seen
    /// The connection is over, and the card has no power.
    case disconnected
    /// Somebody put the card into the reader.
    case inserted
    /// Somebody took the card out of the reader.
    case removed
    /// The card itself failed, which the reader sees as its removal; it is tried again.
    case cardFailed(ChannelError)
  }

  fileprivate struct State {
    var isInserted = true
    var isStopping = false
    var isSeen = false
    /// Nothing is connected and the card has no power.
    var isIdle = false
    var hasEnded = false
    /// The socket to shut down when the card leaves; closed only by the thread that serves it.
    var descriptor: Int32?
  }

  fileprivate struct Route {
    let host: String
    let port: UInt16
  }

  private let card: any CardChannel
  private let route: Route
  private let observer: @Sendable (Event) -> Void
  private let state = Monitor(State())
  private let thread = Monitor<BlockingThread?>(nil)

  private static let shortestPause = Duration.milliseconds(50)
  private static let longestPause = Duration.seconds(1)

  /// Plugs `card` into the reader at `host`:`port`.
  ///
  /// - Parameter observer: Sees each event, on the thread that serves the card; `inserted` and
  ///   `removed` on the thread that asked for it.
  /// - Throws: where nothing listens there now, or the card takes no power; later on, both are
  ///   tried again and again.
  public static func connect(
    _ card: any CardChannel, host: String = defaultHost, port: UInt16 = defaultPort,
    observer: @escaping @Sendable (Event) -> Void = { _ in }
  ) throws(VirtualReaderError) -> VPCDCardEnd {
    do throws(ChannelError) {
      try probe(card)
    } catch {
      throw VirtualReaderError(
        "plug in the card", reason: error.description, code: error.code)
    }
    let socket = try TCPSocket.connect(host: host, port: port)
    let end = VPCDCardEnd(card, Route(host: host, port: port), observer)
    try end.start(with: socket)
    return end
  }

  /// Finds out whether a reader listens at `host`:`port`, with nothing to put into it yet.
  ///
  /// - Throws: where nothing listens there now.
  public static func checkReader(
    host: String = defaultHost, port: UInt16 = defaultPort
  ) throws(VirtualReaderError) {
    _ = try TCPSocket.connect(host: host, port: port)
  }

  /// Finds out whether the card takes power: the reader must not be shown one that does not.
  fileprivate static func probe(_ card: any CardChannel) throws(ChannelError) {
    _ = try card.powerOn()
    try card.powerOff()
  }

  private init(
    _ card: any CardChannel, _ route: Route, _ observer: @escaping @Sendable (Event) -> Void
  ) {
    self.card = card
    self.route = route
    self.observer = observer
  }

  deinit { stop() }

  /// Whether the reader has asked for the card over the present connection.
  public var isSeen: Bool { state.update { $0.isSeen } }

  /// Whether somebody put the card into the reader, and nobody took it out.
  public var isInserted: Bool { state.update { $0.isInserted } }

  /// Puts the card into the reader; nothing where it is in already. The reader notices within
  /// its polling interval of 0.4 s.
  public func insert() {
    guard !state.update({ $0.isInserted }) else { return }
    // First, so that observers hear of it before they hear of the connection.
    observer(.inserted)
    state.update { $0.isInserted = true }
  }

  /// Takes the card out: closes the connection, takes its power and stays away until `insert()`.
  ///
  /// Waits for the command that is being answered. The reader notices within its polling interval
  /// of 0.4 s.
  public func remove() {
    let isNew = state.update { state in
      defer { state.isInserted = false }
      state.hangUp()
      return state.isInserted
    }
    waitUnlessServing { $0.isIdle || $0.hasEnded || $0.isInserted }
    if isNew { observer(.removed) }
  }

  /// Takes the card out for good; when this returns, the thread is gone.
  ///
  /// Waits for the command that is being answered.
  public func stop() {
    state.update { state in
      state.isStopping = true
      state.hangUp()
    }
    let ending = thread.update { thread -> BlockingThread? in
      guard let running = thread, !running.isCurrent else { return nil }
      thread = nil
      return running
    }
    ending?.join()
  }

  private func waitUnlessServing(until condition: (State) -> Bool) {
    if let running = thread.update({ $0 }), running.isCurrent { return }
    state.wait(until: condition)
  }
}

extension VPCDCardEnd.State {
  /// Ends a blocking receive or connect on the present socket, if there is one.
  fileprivate func hangUp() {
    if let descriptor { shutdownSocket(descriptor) }
  }
}

extension VPCDCardEnd {
  /// The thread keeps the state alive, not the card end: an end nobody holds any more stops.
  private func start(with socket: consuming TCPSocket) throws(VirtualReaderError) {
    let loop = Loop(card: card, route: route, observer: observer, state: state)
    let first = socket.release()
    state.update { $0.descriptor = first }
    do throws(VirtualReaderError) {
      let started = try BlockingThread(name: "vpcd card") { loop.run(first: first) }
      thread.update { $0 = started }
    } catch {
      _ = TCPSocket(connected: first)
      throw error
    }
  }

  /// What the thread does.
  private struct Loop: Sendable {
    let card: any CardChannel
    let route: Route
    let observer: @Sendable (Event) -> Void
    let state: Monitor<State>

    func run(first: Int32?) {
      var descriptor = first
      var pause = shortestPause
      var hasFailed = false
      while waitForWork() {
        var served = false
        // A card that failed is not shown to the reader before it takes power again.
        if !hasFailed || (try? probe(card)) != nil {
          (served, hasFailed) = visit(over: descriptor)
        }
        descriptor = nil
        state.update { state in
          state.isIdle = true
          state.isSeen = false
        }
        pause = served ? shortestPause : min(pause * 2, longestPause)
        state.wait(upTo: pause) { $0.isStopping || !$0.isInserted }
      }
      if let descriptor { _ = TCPSocket(connected: descriptor) }
      state.update { $0.hasEnded = true }
    }

    /// Blocks while there is no card to serve; false when it is time to end.
    private func waitForWork() -> Bool {
      state.update { $0.isIdle = true }
      state.wait { $0.isStopping || $0.isInserted }
      return state.update { state in
        state.isIdle = state.isStopping
        return !state.isStopping
      }
    }

    /// One connection from beginning to end: whether the reader asked for anything, and whether
    /// it was the card that ended it.
    private func visit(over descriptor: Int32?) -> (wasSeen: Bool, hasFailed: Bool) {
      guard let socket = try? open(descriptor) else { return (false, false) }
      observer(.connected)
      var wasSeen = false
      var hasFailed = false
      do throws(ChannelError) {
        var service = try VPCDService(card)
        try service.serve(over: socket) {
          wasSeen = true
          state.update { $0.isSeen = true }
          observer(.seen)
        }
      } catch {
        hasFailed = true
        observer(.cardFailed(error))
      }
      state.update { $0.descriptor = nil }
      // A card that fails here has no power either.
      try? card.powerOff()
      observer(.disconnected)
      return (wasSeen, hasFailed)
    }

    /// The connection to serve, known to those who may want to end it.
    private func open(_ descriptor: Int32?) throws(VirtualReaderError) -> TCPSocket {
      guard let descriptor else {
        return try TCPSocket.connect(host: route.host, port: route.port, opened: announce)
      }
      announce(descriptor)
      return TCPSocket(connected: descriptor)
    }

    private func announce(_ descriptor: Int32?) {
      state.update { state in
        state.descriptor = descriptor
        // The card left before there was anything to shut down.
        if state.isStopping || !state.isInserted { state.hangUp() }
      }
    }
  }
}
