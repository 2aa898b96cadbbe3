import ISO7816

/// What the factory puts into a chip before it goes to an issuer.
public struct ChipIdentity: Sendable {
  /// What the chip passes for.
  public let persona: Persona
  /// Serial number, 8 bytes; EF.GDO tells it.
  public let serial: [UInt8]
  /// The issuer's transport key for this chip, an AES key of 16 bytes.
  public let transportKey: [UInt8]

  /// The identity of one chip.
  public init(persona: Persona, serial: [UInt8], transportKey: [UInt8]) {
    precondition(serial.count == 8 && transportKey.count == 16, "8 and 16 bytes")
    self.persona = persona
    self.serial = serial
    self.transportKey = transportKey
  }

  /// The identifier under which EXTERNAL AUTHENTICATE and the access rules know the issuer.
  public static let issuerReference: UInt8 = 0x1F
  /// AID of the CNS application, which is the master file's name.
  public static let applicationIdentifier: [UInt8] = [
    0xA0, 0x00, 0x00, 0x05, 0x30, 0x00, 0x0B, 0x10, 0x40, 0x01, 0x01, 0x1B,
  ]
  /// Most consecutive failures of EXTERNAL AUTHENTICATE.
  static let issuerTries: UInt8 = 15
}

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  private static var chipRecord: RecordKey { RecordKey(0, part: 0) }
  private static var lifeCycleRecord: RecordKey { RecordKey(0, part: 1) }

  /// Writes what a chip holds when it leaves the factory: master file, EF.GDO, transport key.
  mutating func manufacture(_ identity: ChipIdentity) throws(StatusWord) {
    let chipRecord = [identity.persona.rawValue] + identity.serial
    try store.put(Self.chipRecord, chipRecord.span)
    try writeLifeCycle(.manufactured)

    var access = AccessList(repeating: .never)
    for operation in [FileOperation.administer.rawValue, createPosition] {
      access.bytes[operation] = ChipIdentity.issuerReference
    }
    let master = FileNode(
      number: Directory.masterNumber, parent: Directory.masterNumber,
      identifier: FileNode.masterIdentifier, structure: .dedicated, size: 0, access: access,
      name: ChipIdentity.applicationIdentifier)
    try putDescription(master.record, of: master.number)

    let serialObject = TLV.bytes(0x5A, identity.serial)
    var readable = AccessList(repeating: .never)
    readable.bytes[FileOperation.read.rawValue] = AccessRule.always.rawValue
    let serialFile = FileNode(
      number: 2, parent: Directory.masterNumber, identifier: 0x2F02, structure: .transparent,
      size: serialObject.count, access: readable, name: [])
    try putDescription(serialFile.record, of: serialFile.number)
    try store.writeBody(of: serialFile, at: 0, serialObject.span)

    let transportKey = SecurityObject(
      number: 3, parent: Directory.masterNumber, kind: .authentication,
      identifier: ChipIdentity.issuerReference, maximumTries: ChipIdentity.issuerTries,
      useCount: 0xFF, minimumLength: 16, access: AccessList(repeating: .never), algorithm: nil,
      options: [])
    try putDescription(transportKey.record, of: transportKey.number)
    try store.put(transportKey.valueKey, identity.transportKey.span)
    try setTries(transportKey.maximumTries, of: transportKey)
    try store.commit()
  }

  /// Writes the description of a file, object or environment, in the open transaction.
  mutating func putDescription(_ record: [UInt8], of number: UInt16) throws(StatusWord) {
    try store.put(RecordKey(number, part: Directory.descriptionPart), record.span)
  }

  /// Writes the state of the card's life, in the open transaction.
  mutating func writeLifeCycle(_ state: LifeCycle) throws(StatusWord) {
    let record: [1 of UInt8] = [state.rawValue]
    try store.put(Self.lifeCycleRecord, record.span, mayUseReserve: true)
  }

  /// Reads persona, serial number and life cycle.
  ///
  /// - Throws: where one of them is missing or unknown.
  mutating func loadChipRecord() throws(MountFailure) {
    var record: [UInt8] = []
    guard store.read(Self.chipRecord, into: &record), record.count == 9,
      let persona = Persona(rawValue: record[0]),
      let state = store.byte(Self.lifeCycleRecord).flatMap(LifeCycle.init)
    else { throw .inconsistentContents(object: 0) }
    adopt(persona, serial: Array(record[1...]))
    lifeCycle = state
  }
}
