internal import Terminal

/// What the bridge's thread runs: finds the token, keeps a session with it, and begins again when it
/// is lost.
final class Central {
  /// Between attempts; the last one stays.
  private static let pauses: [Duration] = [1, 2, 5, 10, 30].map { .seconds($0) }

  /// How long a token may take to tell its services, which is a second or two on the air; the last
  /// one stays. Two BlueZ of version 5.66 may take each other's first request for another bearer's
  /// and never answer it: another link is the cure, and the sooner the better.
  private static let patience: [Duration] = [8, 15, 30].map { .seconds($0) }

  /// So many links in a row that came up to be taken down mean that the keys do not fit.
  private static let dropsOfWrongKeys = 3

  /// What is going on.
  private enum Phase {
    /// bluetoothd is not there, or does not know our agent yet.
    case absent
    /// Nothing, or the adapter is waited for.
    case idle
    /// The adapter is being switched on.
    case poweringUp
    case searching(TokenSearch)
    /// Being connected, or connected.
    case connecting(Connection)
    /// The link is being taken down.
    case disconnecting
    case pausing(Alarm)
  }

  private let loop: EventLoop
  private let options: Bridge.Configuration
  private let observer: (BridgeEvent) -> Void
  private let bus: Bus
  private var bluez: BlueZ?
  private var agent: HostAgent?
  private var phase = Phase.absent
  private var session: Session?
  private var failures = 0
  /// The adapter was on: somebody who switches it off wants it off.
  private var hasPowered = false
  /// What was last said to be waited for.
  private var awaited = ""
  /// How often in a row a link came up to be taken down.
  private var drops = 0
  /// The last WAIT that was told of.
  private var lastWait: Wait?
  private var token = TokenName(address: "", name: "")
  /// The path of the token of this run, once there has been a session with it.
  private var known: String?
  private(set) var isOver = false

  init(
    _ options: Bridge.Configuration, on loop: EventLoop,
    observer: @escaping (BridgeEvent) -> Void
  ) throws(BusError) {
    self.loop = loop
    self.options = options
    self.observer = observer
    bus = try Bus.system()
    loop.add(bus)
    let bluez = try BlueZ(on: bus) { [unowned self] change in notice(change) }
    self.bluez = bluez
    agent = try HostAgent(bluez) { question in observer(.question(question)) }
  }

  /// Runs until it is over.
  func run() {
    observer(.starting)
    loop.run { !self.isOver && !self.bus.isClosed }
    if bus.isClosed { finish("the system's message bus (D-Bus) has ended") }
    drop()
  }

  /// Ends the run, once the token is disconnected.
  func stop() {
    guard case .connecting(let connection) = phase else { return isOver = true }
    phase = .disconnecting
    connection.disconnect { [self] in
      _ = connection
      isOver = true
    }
  }

  /// Asks the card.
  func request(_ request: Exchange.Request, reply: @escaping Session.Reply) {
    guard let session else {
      return reply(
        .failure(
          ChannelError(
            .noCard, attempt: request.attempt, reason: "the token is not connected")))
    }
    session.request(request, reply: reply)
  }

  /// Answers the open question of pairing.
  func answer(_ answer: PairingAnswer) { agent?.answer(answer) }

  /// Has the token give up what it works at.
  func cancel() { session?.cancel() }

  // MARK: bluetoothd

  private func notice(_ change: BlueZ.Change) {
    switch change {
    case .appeared:
      agent?.register { [unowned self] error in
        if let error { return finish(error.description) }
        phase = .idle
        begin()
      }
    case .vanished:
      drop()
      phase = .absent
      hasPowered = false
      wait("bluetoothd does not run; systemctl start bluetooth")
    case .added, .removed, .changed: break
    }
    switch phase {
    case .idle: begin()
    case .searching(let search): search.look()
    case .connecting(let connection): connection.follow(change)
    case .absent, .poweringUp, .disconnecting, .pausing: break
    }
  }

  private func wait(_ sentence: String) {
    if sentence != awaited { observer(.waiting(sentence)) }
    awaited = sentence
  }

  /// The adapter's path.
  private var adapter: String { "/org/bluez/" + options.adapter }

  /// Begins to look for the token, unless something is going on already.
  private func begin() {
    guard let bluez, !isOver, case .idle = phase else { return }
    guard let properties = bluez.objects[adapter]?[BlueZ.adapter] else {
      return wait(bluez.noAdapter(options.adapter))
    }
    guard properties["Powered"] == .bool(true) else {
      guard !hasPowered else { return wait("the adapter \(options.adapter) is switched off") }
      phase = .poweringUp
      return bluez.set(
        "switch \(options.adapter) on", adapter, BlueZ.adapter, "Powered", .bool(true)
      ) { [weak self] answer in
        guard let self, case .poweringUp = phase else { return }
        phase = .idle
        if case .failure(let error) = answer { return wait(loseToken(error.description)) }
        look()
      }
    }
    look()
  }

  private func look() {
    guard let bluez else { return }
    hasPowered = true
    awaited = ""
    if let paired = pairedToken(bluez) { return connect(paired) }
    guard known == nil else { return finish(ConnectionFailure.bondDeletedHere.reason) }
    observer(.searching(adapter: options.adapter))
    let search = TokenSearch(
      bluez, on: loop, adapter: adapter, wanted: options.token
    ) { [unowned self] tokens in
      guard tokens.count == 1, let token = tokens.first else {
        let names = tokens.map { "\(TokenName(of: $0, bluez))" }.joined(separator: ", ")
        return finish("several tokens are on the air; name one with --device: \(names)")
      }
      connect(token)
    }
    phase = .searching(search)
    search.look()
  }

  /// The token that is paired already: that of this run, the one that is wanted, or the only one.
  private func pairedToken(_ bluez: BlueZ) -> String? {
    let paired = bluez.devices(of: adapter).filter { $0.properties["Paired"] == .bool(true) }
    if let known { return paired.first { $0.path == known }?.path }
    let tokens = paired.filter { device in
      if let wanted = options.token { return device.properties["Address"] == .string(wanted) }
      return device.properties["UUIDs"]?.array?.contains(.string(Profile.service)) == true
    }
    return tokens.count == 1 ? tokens[0].path : nil
  }

  private func connect(_ path: String) {
    guard let bluez, let agent else { return }
    token = TokenName(of: path, bluez)
    observer(.connecting(token))
    let connection = Connection(
      bluez, on: loop,
      Connection.Plan(
        token: TokenDevice(bluez: bluez, adapter: adapter, path: path),
        forcesGATT: options.forcesGATT,
        patience: Self.patience[min(failures, Self.patience.count - 1)]), agent: agent
    ) { [unowned self] progress in
      advance(progress, path)
    }
    phase = .connecting(connection)
    connection.start()
  }

  private func advance(_ progress: Connection.Progress, _ path: String) {
    switch progress {
    case .pairing: observer(.pairing(token))
    case .paired: observer(.paired(token))
    case .note(let text): observer(.note(text))
    case .ready(let session, let info):
      failures = 0
      drops = 0
      known = path
      self.session = session
      session.waiting = { [unowned self] in tell($0) }
      session.state = { [unowned self] in observer(.card($0)) }
      observer(.connected(token, over: session.summary))
      if info.state == .removed { observer(.card(.removed)) }
    case .failed(let failure):
      guard case .connecting(let connection) = phase else { return }
      drops = failure.outlook == .dropped ? drops + 1 : 0
      let last: ConnectionFailure? =
        drops == Self.dropsOfWrongKeys
        ? .bondDeletedThere(token.address, adapter: options.adapter)
        : failure.outlook == .hopeless ? failure : nil
      let pause = last == nil ? loseToken(failure.reason) : .zero
      phase = .disconnecting
      connection.disconnect { [unowned self] in
        _ = connection
        guard case .disconnecting = phase else { return }
        if let last { finish(last.reason) } else { wait(pause) }
      }
    }
  }

  /// Tells of the first WAIT, of each with another reason, and of one every five seconds.
  private func tell(_ wait: Wait) {
    if let last = lastWait, last.reason == wait.reason,
      last.elapsed <= wait.elapsed, wait.elapsed - last.elapsed < 5000
    {
      return
    }
    lastWait = wait
    observer(.cardWaits(wait))
  }

  /// Says that there is no token, and how long to wait before it is looked for again.
  private func loseToken(_ reason: String) -> Duration {
    drop()
    let pause = Self.pauses[min(failures, Self.pauses.count - 1)]
    failures += 1
    observer(.lost(token, reason: reason, retryIn: pause))
    return pause
  }

  private func wait(_ pause: Duration) {
    phase = .pausing(
      loop.after(pause) { [unowned self] in
        phase = .idle
        begin()
      })
  }

  private func finish(_ reason: String) {
    guard !isOver else { return }
    isOver = true
    observer(.ended(reason: reason))
  }

  /// Lets go of everything about the token.
  private func drop() {
    session?.end("the token has disconnected")
    session = nil
    if case .pausing(let alarm) = phase {
      var alarm: Alarm? = alarm
      loop.cancel(&alarm)
    }
    phase = .idle
  }
}
