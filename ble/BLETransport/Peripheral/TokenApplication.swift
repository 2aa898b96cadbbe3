internal import ISO7816

/// The token's objects on the bus, as bluetoothd reads them: the GATT application (service and
/// characteristics) and the advertisement.
struct TokenApplication {
  /// Everything is below here.
  static let root = "/softdna"
  /// The object that lists the application's.
  static let application = "/softdna/gatt"
  static let advertisement = "/softdna/advertisement"
  static let agent = "/softdna/agent"
  static let command = "/softdna/gatt/service/command"
  static let response = "/softdna/gatt/service/response"
  static let info = "/softdna/gatt/service/info"
  static let channelPSM = "/softdna/gatt/service/psm"
  private static let service = "/softdna/gatt/service"

  static let leAdvertisement = "org.bluez.LEAdvertisement1"

  /// The name that is advertised; it tells tokens apart and nobody's.
  let name: String
  /// Whether hosts that do not know the token see it when they look for devices.
  var isDiscoverable = false

  /// The application's objects: path, interface, property. Every access takes a link with LE Secure
  /// Connections and protection against a man in the middle (`secure-`).
  ///
  /// Command has no write without response: BlueZ would then acknowledge write requests before the
  /// application has seen them, and its errors would be lost.
  static let objects: [String: (interface: String, properties: [String: BusValue])] = [
    service: (BlueZ.gattService, ["UUID": .string(Profile.service), "Primary": .bool(true)]),
    command: characteristic(Profile.command, "secure-write"),
    response: characteristic(
      Profile.response, "secure-notify", and: ["NotifyAcquired": .bool(false)]),
    info: characteristic(Profile.info, "secure-read"),
    channelPSM: characteristic(Profile.channelPSM, "secure-read"),
  ]

  private static func characteristic(
    _ uuid: String, _ flag: String, and more: [String: BusValue] = [:]
  ) -> (interface: String, properties: [String: BusValue]) {
    let properties: [String: BusValue] = [
      "UUID": .string(uuid), "Service": .path(service), "Flags": .array([.string(flag)]),
    ]
    return (BlueZ.characteristic, properties.merging(more) { $1 })
  }

  /// What is advertised. There is no serial number and no model in it.
  var advertised: [String: BusValue] {
    [
      "Type": .string("peripheral"), "ServiceUUIDs": .array([.string(Profile.service)]),
      "LocalName": .string(name), "Discoverable": .bool(isDiscoverable),
    ]
  }

  /// Answers what is asked of every object: the list of objects, and properties.
  ///
  /// - Returns: False where it is something else.
  func answer(_ call: IncomingCall) -> Bool {
    switch (call.interface, call.member) {
    case (Bus.objectManager, "GetManagedObjects") where call.path == Self.application:
      let objects = Self.objects.mapValues {
        BusValue.dictionary([$0.interface: .dictionary($0.properties)])
      }
      call.answer([.dictionary(objects)], as: "a{oa{sa{sv}}}")
    case (Bus.properties, "GetAll"):
      call.answer([.dictionary(properties(of: call.path))], as: "a{sv}")
    case (Bus.properties, "Get"):
      guard let name = call.arguments.last?.string,
        let value = properties(of: call.path)[name]
      else {
        call.refuse("org.freedesktop.DBus.Error.UnknownProperty", "no such property")
        break
      }
      call.answer([value], as: "v")
    default: return false
    }
    return true
  }

  private func properties(of path: String) -> [String: BusValue] {
    path == Self.advertisement ? advertised : Self.objects[path]?.properties ?? [:]
  }
}
