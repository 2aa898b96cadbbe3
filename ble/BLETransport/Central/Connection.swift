internal import Glibc
internal import Terminal

/// From a token that was found to a session with its card: pair, connect, check, read Info,
/// subscribe or open a channel.
///
/// Nothing of the token is touched before it is paired: bluetoothd would try to pair by itself, with
/// somebody else's agent.
final class Connection {
  /// How it is made.
  struct Plan {
    /// The token.
    let token: TokenDevice
    /// No L2CAP channel, even where one is offered.
    let forcesGATT: Bool
    /// How long the token may take to tell its services once there is a link.
    let patience: Duration
  }

  /// What has come of it.
  enum Progress {
    /// The token is asked to pair.
    case pairing
    /// The token is paired from now on.
    case paired
    /// Something that is less than it could be, in words.
    case note(String)
    /// There is a session.
    case ready(Session, Info)
    /// It did not work, or does not any more.
    case failed(ConnectionFailure)
  }

  private let bluez: BlueZ
  private let loop: EventLoop
  private let plan: Plan
  private var token: TokenDevice { plan.token }
  private let agent: HostAgent
  private let report: (Progress) -> Void
  private var patience: Alarm?
  private var connecting: ChannelConnecting?
  /// bluetoothd has told of a link, if only of its end: it tells of what changed since it last did.
  private var cameUp = false
  /// Connect has not been answered yet.
  private var isConnecting = false
  private var isWaitingForServices = false
  private var hasFailed = false
  private var isForgetting = false
  private var session: Session?

  init(
    _ bluez: BlueZ, on loop: EventLoop, _ plan: Plan, agent: HostAgent,
    report: @escaping (Progress) -> Void
  ) {
    self.bluez = bluez
    self.loop = loop
    self.plan = plan
    self.agent = agent
    self.report = report
  }

  deinit {
    loop.cancel(&patience)
    if let connecting { loop.remove(connecting) }
    if let session { loop.remove(session) }
  }

  /// Begins.
  func start() {
    if token.isBonded { connect() } else { pair() }
  }

  /// Ends the link; a card that is not used by us loses its power over there.
  ///
  /// - Parameter completion: called when there is no link any more, or bluetoothd does not say so in
  ///   time: it gives a link two seconds for what is under way. One that is on its way out is no
  ///   link for the next connection.
  func disconnect(completion: @escaping () -> Void) {
    hasFailed = true
    loop.cancel(&patience)
    session?.end("the bridge has let go of the token")
    // The bus would start a bluetoothd that somebody has stopped.
    guard bluez.owner != nil else { return completion() }
    // Asked whatever Connected says: a link that is just coming up is not wanted either.
    bluez.call(
      "disconnect", token.path, BlueZ.device, "Disconnect", timeout: .seconds(10)
    ) { _ in completion() }
  }

  /// Looks at what has changed.
  func follow(_ change: BlueZ.Change) {
    guard !hasFailed, !isForgetting else { return }
    switch change {
    case .removed(token.path, let interfaces) where interfaces.contains(BlueZ.device):
      fail(.bondDeletedHere)
    case .changed(token.path, BlueZ.device, let properties):
      if let now = properties["Connected"]?.bool {
        cameUp = true
        // While an answer is waited for, that says so.
        if !now, session != nil { return fail(.lost) }
        if !now, isWaitingForServices { return fail(.useless) }
        if now, isConnecting {
          isConnecting = false
          return waitForServices()
        }
      }
      useServices()
    default: break
    }
  }

  private func useServices() {
    guard isWaitingForServices, token.property("ServicesResolved")?.bool == true else { return }
    isWaitingForServices = false
    loop.cancel(&patience)
    readInfo()
  }

  // MARK: Steps

  private func pair() {
    report(.pairing)
    agent.hasAsked = false
    // A person types six digits; the pairing itself ends after 30 s without a word.
    step("pair with the token", "Pair", timeout: .seconds(120)) { [unowned self] error in
      if let error, error.name != "org.bluez.Error.AlreadyExists" {
        return forget(for: ConnectionFailure(pairing: error, wasAsked: agent.hasAsked))
      }
      guard token.isBonded else { return fail(.notBonded) }
      // Who begins a pairing is not asked by bluetoothd whether Just Works will do: it will not.
      guard agent.hasAsked || error != nil else { return forget(for: .notAuthenticated) }
      report(.paired)
      connect()
    }
  }

  /// Fails when bluetoothd has forgotten the token. After a pairing that did not succeed BlueZ 5.66
  /// hears the token again, but does not say any more that it is one.
  private func forget(for failure: ConnectionFailure) {
    isForgetting = true
    bluez.call(
      "forget the token", token.adapter, BlueZ.adapter, "RemoveDevice", [.path(token.path)], as: "o"
    ) { [weak self] _ in self?.fail(failure) }
  }

  private func connect() {
    bluez.set("trust the token", token.path, BlueZ.device, "Trusted", .bool(true))
    guard token.property("Connected")?.bool != true else { return waitForServices() }
    cameUp = false
    isConnecting = true
    step("connect to the token", "Connect", timeout: .seconds(60)) { [unowned self] error in
      // Where there is a link, bluetoothd answers once it knows the services, or has given up.
      guard isConnecting else { return }
      isConnecting = false
      if let error { return judge(error) }
      waitForServices()
    }
  }

  /// bluetoothd tells of a link that came up only after it has answered that Connect failed.
  private func judge(_ error: BusError) {
    patience = loop.after(.milliseconds(500)) { [unowned self] in
      patience = nil
      fail(ConnectionFailure(connecting: error, cameUp: cameUp))
    }
  }

  private func waitForServices() {
    isWaitingForServices = true
    patience = loop.after(plan.patience) { [unowned self] in
      patience = nil
      fail(.silent)
    }
    useServices()
  }

  private func readInfo() {
    guard let path = token.characteristic(Profile.info) else { return fail(.noService) }
    read("read the token's Info", path) { [unowned self] value in
      guard let info = Info(value) else { return fail(.noService) }
      guard info.minimumVersion <= Profile.version else {
        return fail(.version(info.minimumVersion))
      }
      if info.features.contains(.channel), !plan.forcesGATT {
        readPSM(info)
      } else {
        useGATT(info)
      }
    }
  }

  private func readPSM(_ info: Info) {
    guard let path = token.characteristic(Profile.channelPSM) else { return useGATT(info) }
    read("read the number of the token's L2CAP channel", path) { [unowned self] value in
      let psm = value.count == 2 ? UInt16(value[0]) | UInt16(value[1]) << 8 : 0
      guard psm != 0 else { return useGATT(info) }
      openChannel(psm, info)
    }
  }

  private func openChannel(_ psm: UInt16, _ info: Info) {
    func goOn(without error: L2CAPError) {
      report(.note("\(error); going on over GATT"))
      useGATT(info)
    }
    do throws(L2CAPError) {
      try open(psm) { [unowned self] result in
        switch result {
        case .success(let channel): begin(ChannelTokenLink(channel, on: loop), info)
        case .failure(let error): goOn(without: error)
        }
      }
    } catch {
      goOn(without: error)
    }
  }

  /// Opens an L2CAP channel, which the kernel lets pass only over a link of the highest security.
  private func open(
    _ psm: UInt16, completion: @escaping (Result<Descriptor, L2CAPError>) -> Void
  ) throws(L2CAPError) {
    let opening = try ChannelConnecting(
      from: token.adapterAddress, to: token.address,
      psm: psm
    ) { [unowned self] result in
      if let connecting { loop.remove(connecting) }
      connecting = nil
      if !hasFailed { completion(result) }
    }
    connecting = opening
    loop.add(opening)
  }

  /// GATT, once the link under it is known to be secure. The token asks for that as well; one that
  /// does not is none.
  private func useGATT(_ info: Info) {
    do throws(L2CAPError) {
      try open(L2CAPSocket.unassignedPSM) { [unowned self] result in
        switch result {
        case .success: subscribe(info)
        // Asked and turned down by the other end: this end's kernel let it pass.
        case .failure(let error) where error.code == ECONNREFUSED: subscribe(info)
        case .failure: fail(.notAuthenticated)
        }
      }
    } catch {
      fail(ConnectionFailure(error.description))
    }
  }

  private func subscribe(_ info: Info) {
    guard let command = token.characteristic(Profile.command),
      let response = token.characteristic(Profile.response)
    else { return fail(.noService) }
    bluez.call(
      "subscribe to the token's answers", response, BlueZ.characteristic, "AcquireNotify",
      [.dictionary([:])], as: "a{sv}"
    ) { [weak self] answer in
      guard let self, !hasFailed else { return }
      switch answer {
      case .failure(let error): fail(ConnectionFailure(error.description))
      case .success(let values):
        guard let socket = values.first?.descriptor, let mtu = values.last?.uint16 else {
          return fail(.noService)
        }
        let route = GATTTokenLink.Route(command: command, mtu: Int(mtu), info: info)
        begin(GATTTokenLink(bluez, route, notifications: socket, on: loop), info)
      }
    }
  }

  private func begin(_ link: any TokenLink, _ info: Info) {
    let session = Session(over: link)
    self.session = session
    session.ended = { [unowned self] reason in fail(ConnectionFailure(reason)) }
    loop.add(session)
    report(.ready(session, info))
  }

  // MARK: Calls

  private func step(
    _ attempt: String, _ method: String, timeout: Duration,
    completion: @escaping (BusError?) -> Void
  ) {
    bluez.call(attempt, token.path, BlueZ.device, method, timeout: timeout) { [weak self] answer in
      guard let self, !hasFailed else { return }
      if case .failure(let error) = answer { completion(error) } else { completion(nil) }
    }
  }

  private func read(
    _ attempt: String, _ path: String, completion: @escaping ([UInt8]) -> Void
  ) {
    bluez.call(
      attempt, path, BlueZ.characteristic, "ReadValue", [.dictionary([:])], as: "a{sv}",
      timeout: .seconds(40)
    ) { [weak self] answer in
      guard let self, !hasFailed else { return }
      switch answer {
      case .failure(let error): fail(ConnectionFailure(error.description))
      case .success(let values): completion(values.first?.bytes ?? [])
      }
    }
  }

  private func fail(_ failure: ConnectionFailure) {
    guard !hasFailed else { return }
    hasFailed = true
    session?.end(failure.reason)
    report(.failed(failure))
  }
}
