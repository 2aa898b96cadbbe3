import ISO7816

/// What is on the card: files, base security objects and security environments, read from the store at power-on and kept
/// in step with it. Values stay in the store.
struct Directory {
  /// Part of the record with a file's or an object's description.
  static let descriptionPart: UInt8 = 0xFF
  /// The master file's number; the chip's own record is 0.
  static let masterNumber: UInt16 = 1
  /// The highest number given out; the security status has a place for each.
  static let lastNumber: UInt16 = 255

  private(set) var files: [FileNode] = []
  private(set) var objects: [SecurityObject] = []
  private(set) var environments: [StoredEnvironment] = []

  /// Reads every description; positions are stable until the next reading.
  ///
  /// - Throws: where a record is of no known kind, or a directory is missing.
  mutating func load<Memory: Flash & ~Copyable>(from store: borrowing RecordStore<Memory>)
    throws(MountFailure)
  {
    files.removeAll(keepingCapacity: true)
    objects.removeAll(keepingCapacity: true)
    environments.removeAll(keepingCapacity: true)
    var record: [UInt8] = []
    for index in store.entries.indices {
      let key = store.entries[index].key
      guard key.part == Self.descriptionPart, key.object != 0 else { continue }
      record.removeAll(keepingCapacity: true)
      _ = store.read(key, into: &record)
      if let file = FileNode(number: key.object, record: record) {
        files.append(file)
      } else if let object = SecurityObject(number: key.object, record: record) {
        objects.append(object)
      } else if let environment = StoredEnvironment(number: key.object, record: record) {
        environments.append(environment)
      } else {
        throw .inconsistentContents(object: key.object)
      }
    }
    guard files.first?.number == Self.masterNumber else {
      throw .inconsistentContents(object: Self.masterNumber)
    }
    for file in files where file.number > Self.lastNumber || !leadsToMaster(file.parent) {
      throw .inconsistentContents(object: file.number)
    }
    for object in objects where object.number > Self.lastNumber || !leadsToMaster(object.parent) {
      throw .inconsistentContents(object: object.number)
    }
  }

  /// Going up from this directory ends in the master file.
  private func leadsToMaster(_ number: UInt16) -> Bool {
    var place = number
    for _ in files {
      guard let index = index(of: place), files[index].structure == .dedicated else {
        return false
      }
      if place == Self.masterNumber { return true }
      place = files[index].parent
    }
    return false
  }

  /// Where the file with this number is in `files`.
  func index(of number: UInt16) -> Int? { files.firstIndex { $0.number == number } }

  /// The file directly inside a directory.
  func child(_ identifier: UInt16, of directory: UInt16) -> Int? {
    files.firstIndex {
      $0.identifier == identifier && $0.parent == directory && $0.number != Self.masterNumber
    }
  }

  /// The base security object that a directory sees: its own, or one of a directory above it.
  ///
  /// Private keys and everything that is verified are numbered apart from each other.
  func object(_ identifier: UInt8, isKey: Bool, from directory: UInt16) -> Int? {
    var place = directory
    while true {
      for index in objects.indices
      where objects[index].identifier == identifier && objects[index].parent == place
        && (objects[index].kind == .privateKey) == isKey
      {
        return index
      }
      guard place != Self.masterNumber, let index = index(of: place) else { return nil }
      place = files[index].parent
    }
  }

  /// There is nothing in the directory; a file without children is empty too.
  func isEmpty(_ number: UInt16) -> Bool {
    !files.contains { $0.parent == number && $0.number != number }
      && !objects.contains { $0.parent == number }
  }

  /// The security environment with this number.
  func environment(_ identifier: UInt8) -> Int? {
    environments.firstIndex { $0.identifier == identifier }
  }

  /// A number nothing on the card has.
  ///
  /// - Throws: `6A84` where there is none.
  func freeNumber() throws(StatusWord) -> UInt16 {
    for number in Self.masterNumber...Self.lastNumber where !isTaken(number) { return number }
    throw .notEnoughMemory
  }

  private func isTaken(_ number: UInt16) -> Bool {
    files.contains { $0.number == number } || objects.contains { $0.number == number }
      || environments.contains { $0.number == number }
  }
}
