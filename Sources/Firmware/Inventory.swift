public import ISO7816

/// What is on a card, for whoever looks at it from outside: everything but values.
public struct Inventory: Equatable, Sendable {
  /// A file.
  public struct File: Equatable, Sendable {
    /// The number its records are filed under.
    public let number: UInt16
    /// The number of the directory it is in; the master file is in itself.
    public let parent: UInt16
    /// File identifier.
    public let identifier: UInt16
    /// What it is made of.
    public let structure: FileStructure
    /// Bytes it has room for; 0 for a directory.
    public let size: Int
    /// The most bytes in a record; 0 for files without records.
    public let recordLength: Int
    /// How many records it holds.
    public let recordCount: Int
    /// The nine access bytes.
    public let access: [UInt8]
    /// AID of a directory.
    public let name: [UInt8]
    /// Activated, deactivated or terminated.
    public let state: FileState
  }

  /// A base security object.
  public struct Object: Equatable, Sendable {
    /// The number its records are filed under.
    public let number: UInt16
    /// The number of the directory it is in.
    public let parent: UInt16
    /// What it is for.
    public let kind: ObjectClass
    /// 1...31.
    public let identifier: UInt8
    /// Most consecutive failures.
    public let maximumTries: UInt8
    /// How many tries are left; nil for private keys.
    public let triesLeft: UInt8?
    /// How many operations a verification is good for; `FF` for any number.
    public let useCount: UInt8
    /// Fewest characters of a PIN.
    public let minimumLength: UInt8
    /// The nine access bytes.
    public let access: [UInt8]
    /// What a private key is.
    public let algorithm: KeyAlgorithm?
    /// A transport PIN.
    public let isTransport: Bool
    /// A transport PIN that was not changed yet.
    public let mustBeChanged: Bool
    /// The key waits for the token's button.
    public let asksForButton: Bool
    /// There is a value: a PIN, a transport key, a generated private key.
    public let hasValue: Bool
  }

  /// A security environment.
  public struct Environment: Equatable, Sendable {
    /// The number its record is filed under.
    public let number: UInt16
    /// The number MANAGE SECURITY ENVIRONMENT names it by.
    public let identifier: UInt8
    /// Key identifiers for signature, confidentiality and authentication.
    public let keys: [UInt8]
  }

  /// What the flash memory is used for.
  public struct Memory: Equatable, Sendable {
    /// Version of the image format.
    public let formatVersion: UInt16
    /// How often the memory was compacted.
    public let generation: UInt16
    /// 0 or 1: which half is live.
    public let liveHalf: Int
    /// Records that hold.
    public let records: Int
    /// Bytes of a half that they take, compacted.
    public let usedBytes: Int
    /// Bytes that a compaction would leave for files.
    public let freeBytes: Int
    /// Bytes in the log that are not programmed yet.
    public let erasedBytes: Int
  }

  /// The card's life.
  public let lifeCycle: LifeCycle
  /// Files in the order of their numbers; the master file is the first.
  public let files: [File]
  /// PINs, PUKs, the transport key and private keys.
  public let objects: [Object]
  /// Security environments.
  public let environments: [Environment]
  /// The memory.
  public let memory: Memory

  /// The identifiers from the master file down to a directory or file, without the master file's
  /// own.
  public func path(of number: UInt16) -> [UInt16] {
    var path: [UInt16] = []
    var place = number
    while let file = files.first(where: { $0.number == place }), file.parent != file.number {
      path.insert(file.identifier, at: 0)
      place = file.parent
    }
    return path
  }
}

/// What a token will forget without power, for tests that compare it with what it should know.
package struct VolatileFacts: Equatable {
  /// The number of the current directory.
  package let directory: UInt16
  /// The number of the current elementary file.
  package let elementaryFile: UInt16?
  /// How many uses each verified object is good for, by the object's number.
  package let uses: [UInt16: UInt8]
  /// Current keys for signature, confidentiality and authentication.
  package let keys: [UInt8]
  /// The challenge that waits to be answered.
  package let challenge: [UInt8]
}

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// What is on the card now.
  public func inventory() -> Inventory {
    Inventory(
      lifeCycle: lifeCycle, files: directory.files.map { listing(of: $0) },
      objects: directory.objects.map { listing(of: $0) },
      environments: directory.environments.map {
        Inventory.Environment(
          number: $0.number, identifier: $0.identifier,
          keys: [$0.keys[0], $0.keys[1], $0.keys[2]])
      }, memory: memoryListing)
  }

  /// What loss of power would clear.
  package func volatileFacts() -> VolatileFacts {
    var uses: [UInt16: UInt8] = [:]
    for object in directory.objects {
      let left = session.status.usesLeft(of: object)
      if left > 0 { uses[object.number] = left }
    }
    return VolatileFacts(
      directory: currentDirectory.number,
      elementaryFile: session.elementaryFile.map { directory.files[$0].number }, uses: uses,
      keys: [session.signatureKey, session.confidentialityKey, session.authenticationKey],
      challenge: session.challenge)
  }

  private func listing(of file: FileNode) -> Inventory.File {
    Inventory.File(
      number: file.number, parent: file.parent, identifier: file.identifier,
      structure: file.structure, size: file.size, recordLength: file.recordLength,
      recordCount: file.structure.hasRecords ? store.recordCount(of: file) : 0,
      access: file.access.array, name: file.name, state: file.state)
  }

  private func listing(of object: SecurityObject) -> Inventory.Object {
    let isTransport = object.options.contains(.transport)
    return Inventory.Object(
      number: object.number, parent: object.parent, kind: object.kind,
      identifier: object.identifier, maximumTries: object.maximumTries,
      triesLeft: object.kind == .privateKey ? nil : store.byte(object.counterKey),
      useCount: object.useCount, minimumLength: object.minimumLength,
      access: object.access.array, algorithm: object.algorithm, isTransport: isTransport,
      mustBeChanged: isTransport
        && store.byte(object.changedKey) != SecurityObject.isChanged,
      asksForButton: object.options.contains(.button),
      hasValue: store.length(of: object.valueKey) != nil)
  }

  private var memoryListing: Inventory.Memory {
    Inventory.Memory(
      formatVersion: HalfHeader.version, generation: store.generation, liveHalf: store.half,
      records: store.entries.count, usedBytes: store.compactedSize,
      freeBytes: max(0, store.halfSize - store.compactedSize - RecordStore<Memory>.reserve),
      erasedBytes: store.limit - store.end)
  }
}

extension AccessList {
  fileprivate var array: [UInt8] { (0..<9).map { bytes[$0] } }
}
