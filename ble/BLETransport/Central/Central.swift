internal import ISO7816
internal import Terminal

/// What the bridge's thread runs: finds the token, keeps a session with it, and begins again when it
/// is lost.
final class Central {
  /// Between attempts; the last one stays.
  private static let pauses: [Duration] = [1, 2, 5, 10, 30].map { .seconds($0) }

  private let loop: EventLoop
  private let options: Bridge.Configuration
  private let observer: (BridgeEvent) -> Void
  private let bus: Bus
  private var bluez: BlueZ?
  private var agent: HostAgent?
  private var search: TokenSearch?
  private var connection: Connection?
  private var session: Session?
  private var nextAttempt: Alarm?
  private var attempts = 0
  private var token = TokenName(address: "", name: "")
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

  /// Ends the run; the token is disconnected.
  func stop() {
    connection?.disconnect()
    isOver = true
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
        begin()
      }
    case .vanished:
      drop()
      observer(.waiting("bluetoothd has ended; waiting for it to come back"))
    case .added(let path, _) where path == adapter && session == nil && connection == nil:
      if search == nil, nextAttempt == nil { begin() }
      search?.look()
    case .added, .changed, .removed:
      search?.look()
      connection?.look()
    }
  }

  /// The adapter's path.
  private var adapter: String { "/org/bluez/" + options.adapter }

  private func begin() {
    guard let bluez, !isOver else { return }
    guard bluez.objects[adapter]?[BlueZ.adapter] != nil else {
      return observer(
        .waiting("there is no Bluetooth adapter \(options.adapter); waiting for one"))
    }
    guard bluez.property("Powered", of: adapter, BlueZ.adapter)?.bool == true else {
      return bluez.set(
        "switch \(options.adapter) on", adapter, BlueZ.adapter, "Powered", .bool(true)
      ) { [weak self] answer in
        switch answer {
        case .success: self?.look()
        case .failure(let error): self?.retry(ConnectionFailure(error.description))
        }
      }
    }
    look()
  }

  private func look() {
    guard let bluez, !isOver else { return }
    if let known = pairedToken(bluez) { return connect(known) }
    observer(.searching(adapter: options.adapter))
    search = TokenSearch(
      bluez, on: loop, adapter: adapter, wanted: options.token
    ) { [unowned self] tokens in
      search = nil
      guard tokens.count == 1, let token = tokens.first else {
        let names = tokens.map { "\(TokenName(of: $0, bluez))" }.joined(separator: ", ")
        return finish("several tokens are on the air; name one with --device: \(names)")
      }
      connect(token)
    }
  }

  /// The token that is paired already: the one that is wanted, or the only one.
  private func pairedToken(_ bluez: BlueZ) -> String? {
    let paired = bluez.devices(of: adapter).filter { device in
      device.properties["Paired"]?.bool == true
        && (options.token.map { device.properties["Address"]?.string == $0 }
          ?? (device.properties["UUIDs"]?.array?.contains(.string(Profile.service)) == true))
    }
    return paired.count == 1 ? paired.first?.path : nil
  }

  private func connect(_ path: String) {
    guard let bluez, let agent else { return }
    token = TokenName(of: path, bluez)
    observer(.connecting(token))
    let connection = Connection(
      bluez, on: loop,
      Connection.Plan(adapter: adapter, token: path, forcesGATT: options.forcesGATT), agent: agent
    ) { [unowned self] progress in
      advance(progress)
    }
    self.connection = connection
    connection.start()
  }

  private func advance(_ progress: Connection.Progress) {
    switch progress {
    case .pairing: observer(.pairing(token))
    case .paired: observer(.paired(token))
    case .note(let text): observer(.note(text))
    case .ready(let session, let info):
      attempts = 0
      self.session = session
      session.waiting = { [unowned self] in observer(.cardWaits($0)) }
      session.state = { [unowned self] in observer(.card($0)) }
      observer(.connected(token, over: session.summary))
      if info.state == .removed { observer(.card(.removed)) }
    case .failed(let failure):
      if failure.isFinal { finish(failure.reason) } else { retry(failure) }
    }
  }

  private func retry(_ failure: ConnectionFailure) {
    // Whoever reports it is still at work.
    let gone = connection
    loop.after(.zero) { _ = gone }
    drop()
    let pause = Self.pauses[min(attempts, Self.pauses.count - 1)]
    attempts += 1
    observer(.lost(token, reason: failure.reason, retryIn: pause))
    nextAttempt = loop.after(pause) { [unowned self] in
      nextAttempt = nil
      begin()
    }
  }

  private func finish(_ reason: String) {
    guard !isOver else { return }
    isOver = true
    observer(.ended(reason: reason))
  }

  /// Lets go of everything about the token.
  private func drop() {
    loop.cancel(&nextAttempt)
    search = nil
    session?.end("the token has disconnected")
    session = nil
    connection = nil
  }
}

/// A token as people know it.
public struct TokenName: Equatable, Sendable, CustomStringConvertible {
  /// Its Bluetooth address.
  public let address: String
  /// The name it tells; empty where it has told none.
  public let name: String

  init(address: String, name: String) {
    self.address = address
    self.name = name
  }

  /// What bluetoothd knows of the device at `path`.
  init(of path: String, _ bluez: BlueZ) {
    address = bluez.property("Address", of: path, BlueZ.device)?.string ?? path
    name = bluez.property("Alias", of: path, BlueZ.device)?.string ?? ""
  }

  /// Name and address.
  public var description: String { name.isEmpty ? address : "\(name) (\(address))" }
}
