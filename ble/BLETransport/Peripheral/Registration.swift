/// Gets the token on the air and keeps it there: bus, bluetoothd, adapter, agent, application,
/// advertisement, each when the one before is there. What is missing or refused is waited for or
/// tried again, so that nobody has to start the token anew.
final class Registration {
  /// What is asked of bluetoothd, in this order. The agent comes before `pairable`, as asking for
  /// the default agent makes an adapter pairable.
  enum Step: CaseIterable {
    case agent, defaultAgent, pairable, application, withdrawal, advertisement
  }

  /// What there is to do for others.
  struct Delegate {
    /// Somebody calls an object of the token's.
    var called: (IncomingCall) -> Void
    /// bluetoothd or one of its objects has changed.
    var changed: (BlueZ.Change) -> Void
    /// The adapter can be used: the address it has, and whether that is a public one.
    var adapterReady: (_ address: String, _ isPublic: Bool) -> Void
    /// Hosts can find the token.
    var onAir: () -> Void
    /// Whether the adapter is to be pairable.
    var isPairable: () -> Bool
    /// Something is waited for.
    var waiting: (String) -> Void
  }

  /// The adapter is switched on once; who switches it off afterwards wants it off.
  private enum Power {
    case untouched, asked, on
  }

  private static let pauses: [Duration] = [1, 2, 5, 10, 30].map { .seconds($0) }

  private let loop: EventLoop
  private let adapter: String
  private let capability: String
  private let delegate: Delegate
  private var bus: Bus?
  private var hook: Hook?
  private(set) var blueZ: BlueZ?
  /// bluetoothd's objects are known; nil while it is not known whether there is one.
  private var isReady: Bool?
  private var done: Set<Step> = []
  private var power = Power.untouched
  /// As the adapter was found, to leave it so.
  private var wasPairable: Bool?
  private var isAsking = false
  private var failures = 0
  private var retry: Alarm?
  private var lastSentence: String?

  /// - Parameters:
  ///   - adapter: its name: "hci0".
  ///   - capability: what the agent can do.
  init(on loop: EventLoop, adapter: String, capability: String, delegate: Delegate) {
    self.loop = loop
    self.adapter = adapter
    self.capability = capability
    self.delegate = delegate
  }

  /// The adapter's object.
  var adapterPath: String { "/org/bluez/" + adapter }

  /// bluetoothd's version, where it tells it.
  var version: BlueZVersion? {
    blueZ?.property("Modalias", of: adapterPath, BlueZ.adapter)?.string
      .flatMap { BlueZVersion(modalias: $0) }
  }

  /// Begins, and begins anew when the bus is lost.
  func advance() {
    if bus?.isClosed == true { disconnect() }
    guard !isAsking, retry == nil else { return }
    guard bus != nil else { return connect() }
    guard let isReady else { return }
    guard isReady, let blueZ else {
      return wait("bluetoothd does not run; systemctl start bluetooth")
    }
    guard let interfaces = blueZ.objects[adapterPath], interfaces[BlueZ.adapter] != nil else {
      return wait(blueZ.noAdapter(adapter))
    }
    // These come a little later, and go a little earlier.
    guard interfaces[Self.gattManager] != nil, interfaces[Self.advertisingManager] != nil else {
      return
    }
    guard blueZ.property("Powered", of: adapterPath, BlueZ.adapter)?.bool == true else {
      switch power {
      case .untouched: switchOn(blueZ)
      case .asked: break
      case .on: wait("the adapter \(adapter) is switched off")
      }
      return
    }
    power = .on
    if wasPairable == nil {
      wasPairable = blueZ.property("Pairable", of: adapterPath, BlueZ.adapter)?.bool
    }
    guard let step = Step.allCases.first(where: { !done.contains($0) }) else { return }
    if step == .agent, let properties = interfaces[BlueZ.adapter] {
      delegate.adapterReady(
        properties["Address"]?.string ?? "", properties["AddressType"]?.string != "random")
    }
    take(step, blueZ)
  }

  /// Leaves the adapter as it was found; what is registered goes with the connection.
  func end() {
    if wasPairable == true { setPairable(true) { _ in } }
    disconnect()
  }

  /// Makes the adapter pairable, or not, if it is there.
  func setPairable(
    _ pairable: Bool, completion: @escaping (Result<[BusValue], BusError>) -> Void
  ) {
    blueZ?.set(
      "say whether hosts can be paired", adapterPath, BlueZ.adapter, "Pairable", .bool(pairable),
      completion: completion)
  }

  /// The token can be found, or is about to.
  func isDone(_ step: Step) -> Bool { done.contains(step) }

  /// Tells bluetoothd of a property of an object of the token's.
  func emit(_ path: String, _ interface: String, _ properties: [String: BusValue]) {
    // A bus that is lost is noticed by itself.
    try? bus?.emitChanged(path: path, interface: interface, properties)
  }

  private static let gattManager = "org.bluez.GattManager1"
  private static let advertisingManager = "org.bluez.LEAdvertisingManager1"
  private static let agentManager = "org.bluez.AgentManager1"

  private func connect() {
    do throws(BusError) {
      let bus = try Bus.system()
      hook = try bus.serve(under: TokenApplication.root) { [unowned self] call in
        // The bus lets only bluetoothd's user send such calls; that it is bluetoothd is for us.
        guard call.sender == blueZ?.owner else {
          return call.refuse("org.freedesktop.DBus.Error.AccessDenied", "only for bluetoothd")
        }
        delegate.called(call)
      }
      blueZ = try BlueZ(on: bus) { [unowned self] in follow($0) }
      self.bus = bus
      loop.add(bus)
    } catch {
      failed(error)
    }
  }

  private func disconnect() {
    if let bus { loop.remove(bus) }
    if isReady == true { forget(.vanished) }
    isReady = nil
    (blueZ, hook, bus) = (nil, nil, nil)
    isAsking = false
  }

  private func follow(_ change: BlueZ.Change) {
    switch change {
    case .appeared:
      isReady = true
      failures = 0
      delegate.changed(change)
    case .vanished: forget(change)
    case .removed(adapterPath, let interfaces) where interfaces.contains(BlueZ.adapter):
      done = []
      power = .untouched
      delegate.changed(change)
    case .changed(adapterPath, BlueZ.adapter, let properties):
      // The controller forgets what it advertises when it is switched off.
      if properties["Powered"]?.bool == false {
        done.subtract([.withdrawal, .advertisement])
      }
      delegate.changed(change)
    case .changed(adapterPath, Self.advertisingManager, _):
      // Another program may have ended its advertisement.
      if retry != nil { loop.cancel(&retry) }
    case .added, .removed, .changed: delegate.changed(change)
    }
    advance()
  }

  private func forget(_ change: BlueZ.Change) {
    isReady = false
    isAsking = false
    done = []
    power = .untouched
    delegate.changed(change)
  }

  private func switchOn(_ blueZ: BlueZ) {
    isAsking = true
    blueZ.set(
      "switch the adapter \(adapter) on", adapterPath, BlueZ.adapter, "Powered", .bool(true)
    ) { [unowned self] in answered($0) { [unowned self] in power = .asked } }
  }

  private func take(_ step: Step, _ blueZ: BlueZ) {
    isAsking = true
    let completion: (Result<[BusValue], BusError>) -> Void = { [unowned self] answer in
      answered(Self.isFine(answer, for: step) ? .success([]) : answer) { [unowned self] in
        done.insert(step)
        guard step == .advertisement else { return }
        failures = 0
        lastSentence = nil
        delegate.onAir()
      }
    }
    switch step {
    case .agent:
      blueZ.call(
        "register for pairing", "/org/bluez", Self.agentManager, "RegisterAgent",
        [.path(TokenApplication.agent), .string(capability)], as: "os", completion: completion)
    case .defaultAgent:
      blueZ.call(
        "register for pairing", "/org/bluez", Self.agentManager, "RequestDefaultAgent",
        [.path(TokenApplication.agent)], as: "o", completion: completion)
    case .pairable: setPairable(delegate.isPairable(), completion: completion)
    case .application:
      blueZ.call(
        "register the token's service", adapterPath, Self.gattManager, "RegisterApplication",
        [.path(TokenApplication.application), .dictionary([:])], as: "oa{sv}",
        completion: completion)
    case .withdrawal:
      blueZ.call(
        "withdraw the advertisement", adapterPath, Self.advertisingManager,
        "UnregisterAdvertisement", [.path(TokenApplication.advertisement)], as: "o",
        completion: completion)
    case .advertisement:
      blueZ.call(
        "advertise the token", adapterPath, Self.advertisingManager, "RegisterAdvertisement",
        [.path(TokenApplication.advertisement), .dictionary([:])], as: "oa{sv}",
        completion: completion)
    }
  }

  /// There may have been nothing to withdraw, and an answer may have come too late to be heard.
  private static func isFine(_ answer: Result<[BusValue], BusError>, for step: Step) -> Bool {
    guard case .failure(let error) = answer else { return true }
    return step == .withdrawal || error.name == "org.bluez.Error.AlreadyExists"
  }

  private func answered(_ answer: Result<[BusValue], BusError>, then body: () -> Void) {
    // Whose bluetoothd has vanished meanwhile has begun anew.
    guard isAsking else { return }
    isAsking = false
    switch answer {
    case .success:
      body()
      advance()
    case .failure(let error): failed(error)
    }
  }

  private func failed(_ error: BusError) {
    let pause = Self.pauses[min(failures, Self.pauses.count - 1)]
    failures += 1
    lastSentence = nil
    wait("\(error)\(Self.advice(for: error)); tried again in \(pause.components.seconds) s")
    retry = loop.after(pause) { [unowned self] in
      retry = nil
      advance()
    }
  }

  private static func advice(for error: BusError) -> String {
    switch (error.attempt, error.name) {
    case ("advertise the token", "org.bluez.Error.NotPermitted"):
      "; other programs have taken all the adapter has"
    case (_, "org.freedesktop.DBus.Error.AccessDenied"):
      "; the bus does not let this user talk to bluetoothd"
    default: ""
    }
  }

  /// Says once what is missing.
  private func wait(_ sentence: String) {
    guard sentence != lastSentence else { return }
    lastSentence = sentence
    delegate.waiting(sentence)
  }
}
