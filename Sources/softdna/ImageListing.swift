import Firmware
import Foundation
import ISO7816

/// What is in an image, as people and programs read it.
struct ImageListing: Encodable {
  struct File: Encodable {
    let path: String
    let structure: String
    let size: Int
    let recordLength: Int?
    let records: Int?
    let state: String
    let name: String?
    /// By operation: "always", "never" or the object that must be verified.
    let rules: [String: String]
  }

  struct Object: Encodable {
    let identifier: String
    let kind: String
    let directory: String
    let triesLeft: Int?
    let mostTries: Int?
    let shortestPIN: Int?
    let usesPerVerification: Int?
    let isTransport: Bool?
    let mustBeChanged: Bool?
    let asksForButton: Bool?
    let isGenerated: Bool?
    let rules: [String: String]
  }

  let isSound = true
  let isInterrupted: Bool
  let formatVersion: Int
  let generation: Int
  let liveHalf: Int
  let records: Int
  let usedBytes: Int
  let freeBytes: Int
  let lifeCycle: String
  let files: [File]
  let objects: [Object]

  private enum CodingKeys: CodingKey {
    case isSound, isInterrupted, formatVersion, generation, liveHalf, records, usedBytes, freeBytes
    case lifeCycle, files, objects
  }

  init(_ inventory: Inventory, isInterrupted: Bool) {
    self.isInterrupted = isInterrupted
    formatVersion = Int(inventory.memory.formatVersion)
    generation = Int(inventory.memory.generation)
    liveHalf = inventory.memory.liveHalf
    records = inventory.memory.records
    usedBytes = inventory.memory.usedBytes
    freeBytes = inventory.memory.freeBytes
    lifeCycle = "\(inventory.lifeCycle)"
    // The tree in the order of its paths: each directory before what is in it.
    files = inventory.files.map { Self.file($0, inventory) }.sorted { $0.path < $1.path }
    objects = inventory.objects.map { Self.object($0, inventory) }
  }

  private static func path(_ number: UInt16, _ inventory: Inventory) -> String {
    (["3F00"]
      + inventory.path(of: number).map { Hex.text([UInt8($0 >> 8), UInt8($0 & 0xFF)]) })
      .joined(separator: "/")
  }

  private static func rules(_ access: [UInt8], _ operations: [(Int, String)]) -> [String: String] {
    var rules: [String: String] = [:]
    for (position, operation) in operations {
      switch access[position] {
      case 0x00: rules[operation] = "always"
      case 0xFF, 0x66: rules[operation] = "never"
      case let identifier: rules[operation] = Hex.text([identifier])
      }
    }
    return rules
  }

  private static func file(_ file: Inventory.File, _ inventory: Inventory) -> File {
    let hasRecords = file.structure.hasRecords
    let operations: [(Int, String)] =
      file.structure == .dedicated
      ? [(3, "deactivate"), (4, "activate"), (5, "delete"), (6, "administer"), (7, "create")]
      : [
        (0, "read"), (1, "update"), (2, "append"), (3, "deactivate"), (4, "activate"),
        (5, "delete"), (6, "administer"),
      ]
    return File(
      path: path(file.number, inventory), structure: "\(file.structure)", size: file.size,
      recordLength: hasRecords ? file.recordLength : nil,
      records: hasRecords ? file.recordCount : nil, state: "\(file.state)",
      name: file.name.isEmpty ? nil : Hex.text(file.name),
      rules: rules(file.access, operations))
  }

  private static func object(_ object: Inventory.Object, _ inventory: Inventory) -> Object {
    let isKey = object.kind == .privateKey
    let isCode = object.kind == .reference
    let kind =
      switch (object.kind, object.algorithm) {
      case (.reference, _): "code"
      case (.authentication, _): "transport key"
      case (.privateKey, .rsa(let bits)): "RSA-\(bits) key"
      case (.privateKey, .ecdsa(let bits)): "P-\(bits) key"
      case (.privateKey, nil): "key"
      }
    return Object(
      identifier: Hex.text([object.identifier]), kind: kind,
      directory: path(object.parent, inventory), triesLeft: object.triesLeft.map(Int.init),
      mostTries: isKey ? nil : Int(object.maximumTries),
      shortestPIN: isCode ? Int(object.minimumLength) : nil,
      usesPerVerification: isKey || object.useCount == 0xFF ? nil : Int(object.useCount),
      isTransport: isCode ? object.isTransport : nil,
      mustBeChanged: isCode ? object.mustBeChanged : nil,
      asksForButton: isKey ? object.asksForButton : nil,
      isGenerated: isKey ? object.hasValue : nil,
      rules: rules(
        object.access, isKey ? [(0, "use"), (6, "generate")] : [(1, "change"), (2, "unblock")]))
  }
}

extension ImageListing {
  /// The listing for people.
  var text: String {
    var lines = [
      "image      format \(formatVersion), sound" + (isInterrupted ? Self.interrupted : ""),
      "memory     half \(liveHalf) live, generation \(generation), \(records) records,"
        + " \(usedBytes) bytes used, \(freeBytes) free",
      "life       \(lifeCycle)", "",
    ]
    for file in files {
      let depth = file.path.split(separator: "/").count - 1
      let name = String(repeating: "  ", count: depth) + file.path.suffix(4)
      var size =
        file.structure == "dedicated" ? "directory" : "\(file.structure), \(file.size) bytes"
      if let records = file.records, let length = file.recordLength {
        size += ", \(records) records of up to \(length)"
      }
      if file.state != "operational" { size += ", \(file.state)" }
      lines.append(Self.line(name, size, file.rules))
    }
    lines.append("")
    for object in objects {
      var what = object.kind
      if let left = object.triesLeft, let most = object.mostTries {
        what += ", \(left) of \(most) tries"
      }
      if let uses = object.usesPerVerification { what += ", good for \(uses)" }
      if object.mustBeChanged == true { what += ", must be changed" }
      if object.isGenerated == false { what += ", not generated" }
      if object.asksForButton == true { what += ", waits for the button" }
      lines.append(Self.line(object.identifier + " in " + object.directory, what, object.rules))
    }
    return lines.joined(separator: "\n")
  }

  private static let interrupted =
    "; a change that a power cut interrupted will be undone at the next power-on"

  private static func line(_ name: String, _ what: String, _ rules: [String: String]) -> String {
    let allowed = rules.filter { $0.value != "never" }.sorted { $0.key < $1.key }
      .map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    let start = name.padding(toLength: max(14, name.count), withPad: " ", startingAt: 0) + "  "
    guard !allowed.isEmpty else { return start + what }
    return start + what.padding(toLength: max(28, what.count), withPad: " ", startingAt: 0) + "  "
      + allowed
  }
}
