/// bluetoothd as seen over the bus: who it is, and its objects with their properties, kept up to
/// date by its signals.
final class BlueZ {
  static let service = "org.bluez"
  static let adapter = "org.bluez.Adapter1"
  static let device = "org.bluez.Device1"
  static let gattService = "org.bluez.GattService1"
  static let characteristic = "org.bluez.GattCharacteristic1"

  /// What has changed.
  enum Change {
    /// bluetoothd is there, and all its objects are known.
    case appeared
    /// bluetoothd is gone, and everything registered with it; also where there was none.
    case vanished
    /// An object has these interfaces now.
    case added(path: String, interfaces: Set<String>)
    /// An object has lost these interfaces.
    case removed(path: String, interfaces: Set<String>)
    /// Properties of an object have new values.
    case changed(path: String, interface: String, properties: [String: BusValue])
  }

  let bus: Bus
  /// The unique name of bluetoothd: only calls from there are its calls.
  private(set) var owner: String?
  /// Path, interface, property.
  private(set) var objects: [String: [String: [String: BusValue]]] = [:]
  private var hooks: [Hook] = []
  /// It is known whether there is a bluetoothd.
  private var isKnown = false
  private let observer: (Change) -> Void

  /// Starts following bluetoothd; `observer` sees each change after it is known here.
  init(on bus: Bus, observer: @escaping (Change) -> Void) throws(BusError) {
    self.bus = bus
    self.observer = observer
    hooks = [
      try bus.subscribe(
        sender: Self.service, interface: Bus.objectManager, member: "InterfacesAdded"
      ) { [unowned self] message, values in added(values, by: message.sender) },
      try bus.subscribe(
        sender: Self.service, interface: Bus.objectManager, member: "InterfacesRemoved"
      ) { [unowned self] message, values in removed(values, by: message.sender) },
      try bus.subscribe(
        sender: Self.service, interface: Bus.properties, member: "PropertiesChanged"
      ) { [unowned self] message, values in changed(message, values) },
      try bus.follow(name: Self.service) { [unowned self] owner in follow(owner) },
    ]
  }

  /// A property of an object, nil where it has none.
  func property(_ name: String, of path: String, _ interface: String) -> BusValue? {
    objects[path]?[interface]?[name]
  }

  /// The devices known to an adapter, with their properties, by path.
  func devices(of adapter: String) -> [(path: String, properties: [String: BusValue])] {
    objects.keys.filter { $0.hasPrefix(adapter + "/") }.sorted().compactMap { path in
      objects[path]?[Self.device].map { (path, $0) }
    }
  }

  /// The adapters' names: "hci0".
  var adapters: [String] {
    objects.filter { $0.value[Self.adapter] != nil }.keys
      .map { String($0.split(separator: "/").last ?? "") }.sorted()
  }

  /// That there is no adapter of this name, and which there are.
  func noAdapter(_ name: String) -> String {
    "there is no Bluetooth adapter \(name); there is: "
      + (adapters.isEmpty ? "none" : adapters.joined(separator: ", "))
  }

  /// Calls a method of bluetoothd.
  func call(
    _ attempt: String, _ path: String, _ interface: String, _ member: String,
    _ arguments: [BusValue] = [], as signature: String = "", timeout: Duration = .seconds(25),
    completion: @escaping (Result<[BusValue], BusError>) -> Void = { _ in }
  ) {
    bus.call(
      attempt, service: Self.service, path: path, interface: interface, member: member, arguments,
      as: signature, timeout: timeout, completion: completion)
  }

  /// Sets a property of an object of bluetoothd.
  func set(
    _ attempt: String, _ path: String, _ interface: String, _ property: String,
    _ value: BusValue, completion: @escaping (Result<[BusValue], BusError>) -> Void = { _ in }
  ) {
    call(
      attempt, path, Bus.properties, "Set", [.string(interface), .string(property), value],
      as: "ssv", completion: completion)
  }

  private func follow(_ owner: String?) {
    // The first answer may tell what a signal has told already.
    guard owner != self.owner || !isKnown else { return }
    if self.owner != nil || owner == nil {
      self.owner = nil
      objects = [:]
      observer(.vanished)
    }
    isKnown = true
    guard let owner else { return }
    self.owner = owner
    call("list Bluetooth adapters", "/", Bus.objectManager, "GetManagedObjects") {
      [unowned self] answer in
      guard self.owner == owner, let tree = (try? answer.get())?.first?.dictionary else { return }
      objects = tree.mapValues { interfaces in
        (interfaces.dictionary ?? [:]).mapValues { $0.dictionary ?? [:] }
      }
      observer(.appeared)
    }
  }

  private func added(_ values: [BusValue], by sender: String) {
    guard sender == owner, values.count == 2, let path = values[0].path,
      let interfaces = values[1].dictionary
    else { return }
    for (name, properties) in interfaces {
      objects[path, default: [:]][name] = properties.dictionary ?? [:]
    }
    observer(.added(path: path, interfaces: Set(interfaces.keys)))
  }

  private func removed(_ values: [BusValue], by sender: String) {
    guard sender == owner, values.count == 2, let path = values[0].path,
      let names = values[1].array?.compactMap(\.string)
    else { return }
    for name in names { objects[path]?[name] = nil }
    if objects[path]?.isEmpty == true { objects[path] = nil }
    observer(.removed(path: path, interfaces: Set(names)))
  }

  private func changed(_ message: BusMessage, _ values: [BusValue]) {
    let path = message.path
    guard message.sender == owner, values.count == 3, let interface = values[0].string,
      let properties = values[1].dictionary, objects[path]?[interface] != nil
    else { return }
    objects[path]?[interface]?.merge(properties) { $1 }
    for name in values[2].array?.compactMap(\.string) ?? [] {
      objects[path]?[interface]?[name] = nil
    }
    observer(.changed(path: path, interface: interface, properties: properties))
  }
}
