/// What a card keeps without power, as plain values.
struct Persistent: Equatable {
  /// A file of any structure.
  struct File: Equatable {
    var parent: UInt16
    var identifier: UInt16
    /// The file descriptor byte (ISO/IEC 7816-4, 7.4.5).
    var descriptor: UInt8
    var size = 0
    var recordLength = 0
    var access: [UInt8]
    var name: [UInt8] = []
    /// Life cycle status byte.
    var state: UInt8 = 0x05
    /// Contents of a transparent file.
    var body: [UInt8] = []
    /// Records; a ring's youngest comes first.
    var records: [[UInt8]] = []

    var isDirectory: Bool { descriptor == 0x38 }
    var isRing: Bool { descriptor == 0x06 }
    var hasRecords: Bool { [0x02, 0x04, 0x06].contains(descriptor) }
  }

  /// What an object is for.
  enum Kind: Equatable {
    case reference, authentication, rsa(bits: Int), curve(bits: Int)
    var isKey: Bool { self != .reference && self != .authentication }
  }

  /// A PIN, a PUK, a transport key or a private key.
  struct Object: Equatable {
    var parent: UInt16
    var kind: Kind
    var identifier: UInt8
    var most: UInt8
    var tries: UInt8
    var useCount: UInt8
    var shortest: UInt8
    var access: [UInt8]
    /// The PIN as it is stored; of a private key nothing.
    var value: [UInt8] = []
    var isTransport = false
    var wasChanged = false
    var asksForButton = false
    /// Counts the pairs that were generated; 0 for a key object without a key.
    var generation = 0
  }

  var lifeCycle: UInt8
  var files: [UInt16: File] = [:]
  var objects: [UInt16: Object] = [:]
  /// Identifier and three keys, by number.
  var environments: [UInt16: [UInt8]] = [:]

  /// The master file's number.
  static let master: UInt16 = 1
  static let issuer: UInt8 = 0x1F

  /// What a chip holds when it leaves the factory.
  init(serial: [UInt8], transportKey: [UInt8]) {
    let never = [UInt8](repeating: 0xFF, count: 9)
    lifeCycle = 0x34
    var access = never
    access[6] = Self.issuer
    access[7] = Self.issuer
    files[Self.master] = File(
      parent: Self.master, identifier: 0x3F00, descriptor: 0x38, access: access,
      name: [0xA0, 0x00, 0x00, 0x05, 0x30, 0x00, 0x0B, 0x10, 0x40, 0x01, 0x01, 0x1B])
    files[2] = File(
      parent: Self.master, identifier: 0x2F02, descriptor: 0x01, size: 10,
      access: [0x00] + never.dropLast(), body: [0x5A, 0x08] + serial)
    objects[3] = Object(
      parent: Self.master, kind: .authentication, identifier: Self.issuer, most: 15, tries: 15,
      useCount: 0xFF, shortest: 16, access: never, value: transportKey)
  }

  /// The issuer builds the card: initialised or personalised.
  var isBeingBuilt: Bool { lifeCycle == 0x24 || lifeCycle == 0x20 }

  /// The lowest number that nothing has.
  var freeNumber: UInt16? {
    (1...255).first { files[$0] == nil && objects[$0] == nil && environments[$0] == nil }
  }

  /// The file directly inside a directory.
  func child(_ identifier: UInt16, of directory: UInt16) -> UInt16? {
    files.filter {
      $0.key != Self.master && $0.value.parent == directory && $0.value.identifier == identifier
    }.keys.min()
  }

  /// The object that a directory sees.
  func object(_ identifier: UInt8, isKey: Bool, from directory: UInt16) -> UInt16? {
    var place = directory
    while true {
      let found = objects.filter {
        $0.value.parent == place && $0.value.identifier == identifier
          && $0.value.kind.isKey == isKey
      }.keys.min()
      if let found { return found }
      guard place != Self.master, let file = files[place] else { return nil }
      place = file.parent
    }
  }

  /// Neither the file nor a directory above it is switched off.
  func isOperational(_ number: UInt16) -> Bool {
    var place = number
    while let file = files[place] {
      guard file.state == 0x05 else { return false }
      if place == Self.master { return true }
      place = file.parent
    }
    return false
  }
}
