internal import Glibc

/// What this machine has for Bluetooth LE: adapters, bluetoothd, who is paired, and what is known to
/// go wrong with these versions.
public struct BluetoothStatus: Encodable, Sendable {
  /// One adapter.
  public struct Adapter: Encodable, Sendable {
    /// Its name: "hci0".
    public let name: String
    /// Its address.
    public let address: String
    /// It is switched on.
    public let isOn: Bool
    /// It knows Bluetooth LE.
    public let hasLE: Bool
    /// bluetoothd lets programs advertise with it: it can carry a token.
    public let canAdvertise: Bool
    /// Devices can be paired with it now.
    public let isPairable: Bool
    /// Who is paired.
    public let bonds: [Bond]
  }

  /// Every adapter the kernel has.
  public let adapters: [Adapter]
  /// bluetoothd's version as it tells it; nil where it does not run, or tells another product's.
  public let bluetoothd: BlueZVersion?
  /// Why bluetoothd cannot be asked; nil where it can.
  public let problem: String?
  /// The kernel's version.
  public let kernel: String
  /// What is known to go wrong with these versions.
  public let hazards: [BluetoothHazard]

  /// Looks at this machine.
  public static func ofThisMachine() -> BluetoothStatus {
    var objects: [String: [String: [String: BusValue]]] = [:]
    var problem: String?
    do throws(BusError) {
      objects = try BlueZQuery.run("ask bluetoothd for its adapters") { blueZ, finish in
        finish(.success(blueZ.objects))
      }
    } catch {
      problem = error.description
    }
    let version = objects.values.compactMap { $0[BlueZ.adapter]?["Modalias"]?.string }
      .compactMap { BlueZVersion(modalias: $0) }.first
    let kernel = KernelVersion.running
    return BluetoothStatus(
      adapters: LocalAdapter.all().map { Adapter($0, objects) }, bluetoothd: version,
      problem: problem, kernel: kernel.description,
      hazards: BluetoothHazard.all.filter { $0.isThere(bluetoothd: version, kernel: kernel) })
  }
}

extension BluetoothStatus.Adapter {
  /// An adapter of the kernel with what bluetoothd says of it.
  fileprivate init(
    _ adapter: LocalAdapter, _ objects: [String: [String: [String: BusValue]]]
  ) {
    let path = "/org/bluez/" + adapter.name
    let interfaces = objects[path] ?? [:]
    name = adapter.name
    address = adapter.address
    isOn = adapter.isUp
    hasLE = adapter.hasLE
    canAdvertise = interfaces["org.bluez.LEAdvertisingManager1"] != nil
    isPairable = interfaces[BlueZ.adapter]?["Pairable"]?.bool == true
    bonds = objects.keys.filter { $0.hasPrefix(path + "/") }.sorted().compactMap {
      objects[$0]?[BlueZ.device].flatMap { Bond($0) }
    }
  }
}

/// A version of BlueZ: 5.66.
public struct BlueZVersion: Comparable, Encodable, Sendable, CustomStringConvertible {
  /// Before the point.
  public let major: Int
  /// After the point.
  public let minor: Int

  /// A version from its numbers.
  public init(_ major: Int, _ minor: Int) {
    self.major = major
    self.minor = minor
  }

  /// The version in what bluetoothd says an adapter is: `usb:v1D6Bp0246d0542` is the Linux
  /// Foundation's BlueZ, 5.66. Nil where main.conf says it is something else.
  public init?(modalias: String) {
    guard let mark = modalias.ranges(of: "v1D6Bp0246d").first,
      let number = Int(modalias[mark.upperBound...].prefix(4), radix: 16)
    else { return nil }
    self.init(number >> 8, number & 0xFF)
  }

  /// As numbers.
  public static func < (left: BlueZVersion, right: BlueZVersion) -> Bool {
    (left.major, left.minor) < (right.major, right.minor)
  }

  /// "5.66".
  public var description: String { "\(major).\(minor)" }

  /// Encodes the text.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// The kernel's version: 6.1.187.
struct KernelVersion: Equatable, CustomStringConvertible {
  let numbers: [Int]

  /// The version in uname's words. Debian's release ("6.1.0-53-amd64") does not tell it, its version
  /// ("… Debian 6.1.187-1 …") does.
  init(release: String, version: String) {
    let words = version.split(separator: " ")
    let debian = words.firstIndex(of: "Debian").map { words.index(after: $0) }
    let text = debian.flatMap { words.indices.contains($0) ? words[$0] : nil } ?? release[...]
    numbers = text.prefix { $0.isNumber || $0 == "." }.split(separator: ".").compactMap { Int($0) }
  }

  static var running: KernelVersion {
    var names = utsname()
    uname(&names)
    func text<Tuple>(_ field: Tuple) -> String {
      withUnsafeBytes(of: field) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
    return KernelVersion(release: text(names.release), version: text(names.version))
  }

  var description: String { numbers.map(String.init).joined(separator: ".") }
}
