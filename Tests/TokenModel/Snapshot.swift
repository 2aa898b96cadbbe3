import ISO7816
import Firmware
import TokenHost

/// What a token holds, in the model's words, and the private keys that the model does not know.
struct Snapshot: Equatable {
  var persistent: Persistent
  /// Private keys by the number of their objects.
  var keys: [UInt16: [UInt8]]

  init(_ slot: Slot) {
    self.init(slot.inventory, slot.contents())
  }

  private init(_ inventory: Inventory, _ contents: [UInt32: [UInt8]]) {
    persistent = Persistent(serial: [], transportKey: [])
    persistent.lifeCycle = inventory.lifeCycle.rawValue
    persistent.files = [:]
    persistent.objects = [:]
    keys = [:]
    for file in inventory.files {
      persistent.files[file.number] = Self.file(file, contents)
    }
    for object in inventory.objects {
      persistent.objects[object.number] = Self.object(object, contents)
      guard object.kind == .privateKey, object.hasValue else { continue }
      keys[object.number] = Self.parts(of: object.number, contents, upTo: 0xFD).flatMap(\.self)
    }
    for environment in inventory.environments {
      persistent.environments[environment.number] = [environment.identifier] + environment.keys
    }
  }

  private static func value(_ number: UInt16, _ part: Int, _ contents: [UInt32: [UInt8]])
    -> [UInt8]?
  {
    contents[UInt32(number) << 8 | UInt32(part)]
  }

  private static func parts(of number: UInt16, _ contents: [UInt32: [UInt8]], upTo end: Int)
    -> [[UInt8]]
  {
    var parts: [[UInt8]] = []
    while parts.count < end, let part = value(number, parts.count, contents) { parts.append(part) }
    return parts
  }

  private static func file(_ file: Inventory.File, _ contents: [UInt32: [UInt8]])
    -> Persistent.File
  {
    var result = Persistent.File(
      parent: file.parent, identifier: file.identifier, descriptor: file.structure.rawValue,
      size: file.size, recordLength: file.recordLength, access: file.access, name: file.name,
      state: file.state.rawValue)
    switch file.structure {
    case .dedicated: break
    case .transparent:
      for start in stride(from: 0, to: file.size, by: 256) {
        let length = min(256, file.size - start)
        result.body +=
          value(file.number, start / 256, contents) ?? [UInt8](repeating: 0, count: length)
      }
    case .linearFixed, .linearVariable:
      result.records = parts(of: file.number, contents, upTo: 240)
    case .cyclic:
      guard let ring = value(file.number, 0xF0, contents), ring.count == 2 else { break }
      let capacity = min(file.size / file.recordLength, 240)
      for age in 0..<Int(ring[1]) {
        let slot = (Int(ring[0]) - age + capacity) % capacity
        result.records.append(value(file.number, slot, contents) ?? [])
      }
    }
    return result
  }

  private static func object(_ object: Inventory.Object, _ contents: [UInt32: [UInt8]])
    -> Persistent.Object
  {
    let kind: Persistent.Kind =
      switch (object.kind, object.algorithm) {
      case (.reference, _): .reference
      case (.authentication, _): .authentication
      case (.privateKey, .ecdsa(let bits)): .curve(bits: bits)
      case (.privateKey, .rsa(let bits)): .rsa(bits: bits)
      case (.privateKey, nil): .rsa(bits: 0)
      }
    return Persistent.Object(
      parent: object.parent, kind: kind, identifier: object.identifier, most: object.maximumTries,
      tries: object.triesLeft ?? 0, useCount: object.useCount, shortest: object.minimumLength,
      access: object.access,
      value: kind.isKey ? [] : value(object.number, 0, contents) ?? [],
      isTransport: object.isTransport,
      wasChanged: object.isTransport && !object.mustBeChanged,
      asksForButton: object.asksForButton,
      generation: kind.isKey && object.hasValue ? 1 : 0)
  }
}

extension Persistent {
  /// How often a key was made is the model's own knowledge; a token only has one or has none.
  var normalised: Persistent {
    var copy = self
    for (number, object) in objects where object.generation > 1 {
      copy.objects[number]?.generation = 1
    }
    return copy
  }

  /// What differs, in one line; nil where nothing does.
  func difference(from other: Persistent) -> String? {
    if lifeCycle != other.lifeCycle { return "life cycle \(lifeCycle) and \(other.lifeCycle)" }
    for number in Set(files.keys).union(other.files.keys).sorted()
    where files[number] != other.files[number] {
      return "file \(number): \(text(files[number])) and \(text(other.files[number]))"
    }
    for number in Set(objects.keys).union(other.objects.keys).sorted()
    where objects[number] != other.objects[number] {
      return "object \(number): \(text(objects[number])) and \(text(other.objects[number]))"
    }
    return environments == other.environments
      ? nil : "environments \(environments) and \(other.environments)"
  }

  private func text(_ value: Any?) -> String { value.map { "\($0)" } ?? "none" }
}
