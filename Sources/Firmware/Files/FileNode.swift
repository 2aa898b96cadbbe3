import ISO7816

/// What a file is made of (ISO/IEC 7816-4, 7.4.5: file descriptor byte).
public enum FileStructure: UInt8, Sendable {
  /// A directory.
  case dedicated = 0x38
  /// A string of bytes.
  case transparent = 0x01
  /// Records of one length, numbered from the oldest.
  case linearFixed = 0x02
  /// Records of different lengths, numbered from the oldest.
  case linearVariable = 0x04
  /// A ring of records of one length, numbered from the youngest.
  case cyclic = 0x06

  /// The file holds records.
  public var hasRecords: Bool { self != .dedicated && self != .transparent }
}

/// What the card knows of one file: its control information (ISO/IEC 7816-4, 7.4).
struct FileNode: Equatable {
  /// The number its records are filed under.
  let number: UInt16
  /// The number of the directory it is in; the master file is in itself.
  let parent: UInt16
  let identifier: UInt16
  let structure: FileStructure
  /// Readable bytes of a transparent file; of one with records, the most they may take together.
  let size: Int
  /// The most bytes in a record, 1...255; 0 for files without records.
  var recordLength = 0
  var access: AccessList
  /// AID of a directory, up to 16 bytes; empty for none.
  let name: [UInt8]
  /// Activated, deactivated or terminated.
  var state: FileState = .operational

  /// The directory at the root.
  static let masterIdentifier: UInt16 = 0x3F00
}

/// Life cycle status byte of a file (ISO/IEC 7816-4, 7.4.10).
public enum FileState: UInt8, Sendable {
  /// `05`: in use.
  case operational = 0x05
  /// `04`: switched off, can be switched on again.
  case deactivated = 0x04
  /// `0C`: switched off for good.
  case terminated = 0x0C
}

extension FileNode {
  /// The first byte of its record says that an object is a file.
  static let recordMark: UInt8 = 0x01

  /// The record as it stands in memory.
  var record: [UInt8] {
    var bytes: [UInt8] = [
      Self.recordMark, UInt8(parent >> 8), UInt8(parent & 0xFF), UInt8(identifier >> 8),
      UInt8(identifier & 0xFF), structure.rawValue, UInt8(size >> 8), UInt8(size & 0xFF),
      UInt8(recordLength), state.rawValue,
    ]
    for index in 0..<9 { bytes.append(access.bytes[index]) }
    return bytes + name
  }

  /// The file a record describes, or nil where it describes none.
  init?(number: UInt16, record: [UInt8]) {
    guard record.count >= 19, record[0] == Self.recordMark,
      let structure = FileStructure(rawValue: record[5]), let state = FileState(rawValue: record[9])
    else { return nil }
    self.number = number
    parent = UInt16(record[1]) << 8 | UInt16(record[2])
    identifier = UInt16(record[3]) << 8 | UInt16(record[4])
    self.structure = structure
    size = Int(record[6]) << 8 | Int(record[7])
    recordLength = Int(record[8])
    self.state = state
    access = AccessList(Array(record[10..<19]).span)
    name = Array(record[19...])
  }

  /// Appends the control parameters as a template, `62` (FCP) or `6F` (FCI).
  ///
  /// A host takes tag `80` for the number of bytes it may read: it is exact.
  func appendControlParameters(as tag: UInt8, chipState: LifeCycle, to reply: inout [UInt8]) {
    reply.append(tag)
    let lengthPosition = reply.count
    reply.append(0)
    if structure == .dedicated {
      appendObject(0x82, [0x38, 0x00, 0x00], to: &reply)
    } else {
      reply.append(0x80)
      reply.append(2)
      reply.append(UInt8(size >> 8))
      reply.append(UInt8(size & 0xFF))
      appendObject(0x82, [structure.rawValue, 0x00, UInt8(recordLength)], to: &reply)
    }
    reply.append(0x83)
    reply.append(2)
    reply.append(UInt8(identifier >> 8))
    reply.append(UInt8(identifier & 0xFF))
    if !name.isEmpty {
      reply.append(0x84)
      reply.append(UInt8(name.count))
      reply.append(contentsOf: name)
    }
    reply.append(0x85)
    reply.append(1)
    reply.append(chipState.rawValue)
    reply.append(0x86)
    reply.append(9)
    for index in 0..<9 { reply.append(access.bytes[index]) }
    reply.append(0x8A)
    reply.append(1)
    reply.append(state == .operational ? chipState.fileState : state.rawValue)
    reply[lengthPosition] = UInt8(reply.count - lengthPosition - 1)
  }

  private func appendObject(_ tag: UInt8, _ value: [3 of UInt8], to reply: inout [UInt8]) {
    reply.append(tag)
    reply.append(3)
    for index in 0..<3 { reply.append(value[index]) }
  }
}
