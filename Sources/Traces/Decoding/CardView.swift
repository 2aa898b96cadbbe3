import ISO7816
import Terminal

/// What a trace has told of the card so far: what is selected, who was verified, which rules hold.
struct CardView: Sendable {
  /// The current directory, from the master file down.
  var directory: [UInt16] = []
  /// The current elementary file.
  var file: [UInt16]?
  /// Control parameters the card told, or was given, by path.
  private(set) var controls: [[UInt16]: FileControl] = [:]
  /// Objects that were verified since the last reset.
  private(set) var verified: Set<UInt8> = []
  /// What is known of the tries left, by object.
  private(set) var tries: [UInt8: UInt8] = [:]
  private(set) var signatureKey: UInt8?
  private(set) var confidentialityKey: UInt8?
  private(set) var authenticationKey: UInt8?
  /// A challenge was given and not answered yet.
  private(set) var hasChallenge = false
  /// The state of the card's life, where it was told.
  private(set) var state: LifeCycle?
  private var directories: Set<[UInt16]> = []

  /// No card has directories within directories as deep, nor as many files; a trace may tell of them.
  private static let deepest = 16
  private static let mostFiles = 4096

  /// Reset and loss of power: everything volatile is gone.
  mutating func reset() {
    directory = []
    file = nil
    verified = []
    signatureKey = nil
    confidentialityKey = nil
    authenticationKey = nil
    hasChallenge = false
  }

  /// The file commands act on: the elementary file, or the directory where none is selected.
  var current: [UInt16] { file ?? directory }

  /// The rule for an operation on a file, by its position in the access bytes; nil where neither
  /// the card nor the CNS file system tells it.
  func rule(_ position: Int, of path: [UInt16]) -> UInt8? {
    if let access = controls[path]?.access {
      return access.indices.contains(position) ? access[position] : 0xFF
    }
    guard let known = CardFile.at(path) else { return nil }
    // The issuer builds on in directories (administer, create).
    if known.isDirectory { return position == 6 || position == 7 ? CardFile.issuer : 0xFF }
    return switch position {
    case 0: 0x00
    case 1: known.update
    default: 0xFF
    }
  }

  func size(of path: [UInt16]) -> Int? { controls[path]?.size ?? CardFile.at(path)?.size }
  func hasRecords(_ path: [UInt16]) -> Bool { controls[path]?.hasRecords ?? false }
  func isDirectory(_ path: [UInt16]) -> Bool {
    controls[path]?.isDirectory ?? CardFile.at(path)?.isDirectory ?? directories.contains(path)
  }

  // MARK: Selecting

  /// The path SELECT names, as far as it can be told without the card's own table.
  func target(of command: LogicalCommand) -> [UInt16]? {
    guard command.data.count <= 2 * Self.deepest, let path = path(of: command) else { return nil }
    return path.count <= Self.deepest ? path : nil
  }

  private func path(of command: LogicalCommand) -> [UInt16]? {
    let identifiers = stride(from: 0, to: command.data.count - 1, by: 2).map {
      UInt16(command.data[$0]) << 8 | UInt16(command.data[$0 + 1])
    }
    switch command.p1 {
    case 0x00:
      guard let identifier = identifiers.first, identifier != 0x3F00 else { return [] }
      let child = directory + [identifier]
      let sibling = directory.dropLast() + [identifier]
      if isKnown(child) { return child }
      if directory.last == identifier { return directory }
      if directory.dropLast().last == identifier { return Array(directory.dropLast()) }
      return isKnown(Array(sibling)) && isDirectory(Array(sibling)) ? Array(sibling) : child
    case 0x01, 0x02: return identifiers.first.map { directory + [$0] }
    case 0x03: return Array(directory.dropLast())
    case 0x04: return nil
    case 0x08: return identifiers.first == 0x3F00 ? Array(identifiers.dropFirst()) : identifiers
    case 0x09: return directory + identifiers
    default: return nil
    }
  }

  private func isKnown(_ path: [UInt16]) -> Bool {
    controls[path] != nil || CardFile.at(path) != nil
  }

  // MARK: Following

  /// Takes over what one exchange changed.
  ///
  /// - Parameter assumesSelection: a path that was refused counts as selected.
  mutating func follow(_ command: LogicalCommand, assumesSelection: Bool = false) {
    guard !command.continues, !command.isWrongLe else { return }
    // A challenge is good for one attempt that gets as far as a comparison.
    if command.ins == 0x82, command.isDone || command.status.triesLeft != nil {
      hasChallenge = false
    }
    if command.isDone || assumesSelection && command.ins == 0xA4 && command.p1 != 0x04 {
      followSuccess(command)
    } else {
      followRefusal(command)
    }
  }

  private mutating func followSuccess(_ command: LogicalCommand) {
    let reference = command.p2 & 0x1F
    switch command.ins {
    case 0xA4: select(command)
    case 0x20 where !command.data.isEmpty || command.status == .success:
      verified.insert(reference)
      if !command.data.isEmpty { tries[reference] = nil }
    case 0x82: verified.insert(reference)
    case 0x24 where command.cla & 0x80 == 0:
      tries[reference] = nil
      if command.p1 == 0 { verified.insert(reference) }
    case 0x2C:
      tries[reference] = nil
      verified.remove(reference)
    case 0x84: hasChallenge = command.answer.count >= 8
    case 0x22: setEnvironment(command)
    case 0xE0: create(command)
    case 0xE4: file = nil
    case 0xCA where command.p1 == 0x01 && command.p2 == 0x83:
      state = command.answer.first.flatMap(LifeCycle.init)
    case 0xDA where command.p1 == 0x01 && command.p2 == 0x83:
      state = command.data.first.flatMap(LifeCycle.init)
    default: break
    }
  }

  private mutating func followRefusal(_ command: LogicalCommand) {
    guard command.ins == 0x20 || command.ins == 0x24 || command.ins == 0x82 else { return }
    let reference = command.p2 & 0x1F
    if let left = command.status.triesLeft {
      tries[reference] = left
      verified.remove(reference)
    }
    if command.status == .authenticationMethodBlocked { tries[reference] = 0 }
  }

  private mutating func select(_ command: LogicalCommand) {
    let control = FileControl(command.answer)
    // The rest of an answer is about what was selected when its first part came.
    let fetched = command.fetches && command.p1 != 0x04 ? current : nil
    guard let path = fetched ?? target(of: command) else {
      // An application: where its directory is, only the card knows.
      directory = control?.identifier.map { $0 == 0x3F00 ? [] : [$0] } ?? []
      file = nil
      return
    }
    makeRoom()
    if let control {
      controls[path] = control
      state = control.chipState.flatMap(LifeCycle.init) ?? state
    }
    for length in 1..<max(1, path.count) { directories.insert(Array(path.prefix(length))) }
    if command.p1 == 0x01 || command.p1 == 0x03 { directories.insert(path) }
    if isDirectory(path) {
      (directory, file) = (path, nil)
    } else {
      (directory, file) = (Array(path.dropLast()), path)
    }
  }

  private mutating func makeRoom() {
    if controls.count >= Self.mostFiles { controls = [:] }
    if directories.count >= Self.mostFiles { directories = [] }
  }

  private mutating func create(_ command: LogicalCommand) {
    guard let control = FileControl(command.data), let identifier = control.identifier else {
      return
    }
    let path = directory + [identifier]
    guard path.count <= Self.deepest else { return }
    makeRoom()
    controls[path] = control
    if control.isDirectory == true { (directory, file) = (path, nil) } else { file = path }
  }

  private mutating func setEnvironment(_ command: LogicalCommand) {
    if command.p1 == 0xF3 {
      (signatureKey, confidentialityKey, authenticationKey) = (nil, nil, nil)
      return
    }
    guard let key = Self.keyReference(command.data) else { return }
    switch command.p2 {
    case 0xB6: signatureKey = key
    case 0xB8: confidentialityKey = key
    case 0xA4: authenticationKey = key
    default: break
    }
  }

  /// The key a control reference template names.
  static func keyReference(_ data: [UInt8]) -> UInt8? {
    let span = data.span
    for tag: UInt16 in [0x83, 0x84] {
      do throws(StatusWord) {
        if let value = try TLV.find(tag, in: span, 0..<data.count), value.count == 1 {
          return data[value.lowerBound] & 0x1F
        }
      } catch {
        return nil
      }
    }
    return nil
  }
}
