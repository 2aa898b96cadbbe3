internal import Terminal

/// From a token that was found to a session with its card: pair, connect, check, read Info,
/// subscribe or open a channel.
///
/// Nothing of the token is touched before it is paired: bluetoothd would try to pair by itself, with
/// somebody else's agent.
final class Connection {
  /// How it is made.
  struct Plan {
    /// The adapter's path.
    let adapter: String
    /// The device's path.
    let token: String
    /// No L2CAP channel, even where one is offered.
    let forcesGATT: Bool
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
  private let agent: HostAgent
  private let report: (Progress) -> Void
  private var patience: Alarm?
  private var connecting: ChannelConnecting?
  /// bluetoothd has told of a link, if only of its end: it tells of what changed since it last did.
  private var cameUp = false
  private var isWaitingForServices = false
  private var hasFailed = false
  private var session: Session?

  /// How long a token may take to tell its services: on the air that is seconds.
  private static let servicePatience = Duration.seconds(30)

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

  private func property(_ name: String) -> BusValue? {
    bluez.property(name, of: plan.token, BlueZ.device)
  }

  /// Whether bluetoothd holds a key for the token, and keeps it.
  private var isBonded: Bool {
    // Bonded is told since BlueZ 5.65.
    property("Paired")?.bool == true && property("Bonded")?.bool != false
  }

  /// Begins.
  func start() {
    if isBonded { connect() } else { pair() }
  }

  /// Ends the link; a card that is not used by us loses its power over there.
  func disconnect() {
    hasFailed = true
    session?.end("the bridge has let go of the token")
    if property("Connected")?.bool == true {
      bluez.call("disconnect", plan.token, BlueZ.device, "Disconnect")
    }
  }

  /// Looks at what has changed.
  func follow(_ change: BlueZ.Change) {
    guard !hasFailed else { return }
    switch change {
    case .removed(plan.token, let interfaces) where interfaces.contains(BlueZ.device):
      fail(.bondDeletedHere)
    case .changed(plan.token, BlueZ.device, let properties):
      if let now = properties["Connected"]?.bool {
        cameUp = true
        if session != nil, !now { return fail(.lost) }
      }
      useServices()
    default: break
    }
  }

  private func useServices() {
    guard isWaitingForServices, property("ServicesResolved")?.bool == true else { return }
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
        return fail(ConnectionFailure(pairing: error, wasAsked: agent.hasAsked))
      }
      guard isBonded else { return fail(.notBonded) }
      report(.paired)
      connect()
    }
  }

  private func connect() {
    bluez.set("trust the token", plan.token, BlueZ.device, "Trusted", .bool(true))
    guard property("Connected")?.bool != true else { return waitForServices() }
    cameUp = false
    step("connect to the token", "Connect", timeout: .seconds(60)) { [unowned self] error in
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
    patience = loop.after(Self.servicePatience) { [unowned self] in
      patience = nil
      fail(.silent)
    }
    useServices()
  }

  private func readInfo() {
    guard let path = characteristic(Profile.info) else { return fail(.noService) }
    read("read the token's Info", path) { [unowned self] value in
      guard let info = Info(value) else { return fail(.noService) }
      guard info.minimumVersion <= Profile.version else {
        return fail(.version(info.minimumVersion))
      }
      if info.features.contains(.channel), !plan.forcesGATT {
        readPSM(info)
      } else {
        subscribe(info)
      }
    }
  }

  private func readPSM(_ info: Info) {
    guard let path = characteristic(Profile.channelPSM) else { return subscribe(info) }
    read("read the number of the token's L2CAP channel", path) { [unowned self] value in
      let psm = value.count == 2 ? UInt16(value[0]) | UInt16(value[1]) << 8 : 0
      guard psm != 0 else { return subscribe(info) }
      openChannel(psm, info)
    }
  }

  private func openChannel(_ psm: UInt16, _ info: Info) {
    do throws(L2CAPError) {
      let opening = try ChannelConnecting(
        from: address(of: plan.adapter, BlueZ.adapter), to: address(of: plan.token, BlueZ.device),
        psm: psm
      ) { [unowned self] result in
        if let connecting { loop.remove(connecting) }
        connecting = nil
        switch result {
        case .success(let channel): begin(ChannelTokenLink(channel, on: loop), info)
        case .failure(let error):
          report(.note("\(error); going on over GATT"))
          subscribe(info)
        }
      }
      connecting = opening
      loop.add(opening)
    } catch {
      report(.note("\(error); going on over GATT"))
      subscribe(info)
    }
  }

  private func address(of path: String, _ interface: String) -> (address: String, isPublic: Bool) {
    (
      bluez.property("Address", of: path, interface)?.string ?? "",
      bluez.property("AddressType", of: path, interface)?.string != "random"
    )
  }

  private func subscribe(_ info: Info) {
    guard let command = characteristic(Profile.command),
      let response = characteristic(Profile.response)
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
    bluez.call(attempt, plan.token, BlueZ.device, method, timeout: timeout) { [weak self] answer in
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

  /// The object of a characteristic of the token.
  private func characteristic(_ uuid: String) -> String? {
    bluez.objects.first { path, interfaces in
      path.hasPrefix(plan.token + "/")
        && interfaces[BlueZ.characteristic]?["UUID"] == .string(uuid)
    }?.key
  }

  private func fail(_ failure: ConnectionFailure) {
    guard !hasFailed else { return }
    hasFailed = true
    session?.end(failure.reason)
    report(.failed(failure))
  }
}
