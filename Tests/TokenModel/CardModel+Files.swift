import ISO7816

extension CardModel {
  // MARK: Selecting

  mutating func select(_ p1: UInt8, _ p2: UInt8, _ data: [UInt8], _ reply: inout [UInt8?])
    throws(StatusWord) -> StatusWord
  {
    let number = try find(p1, data)
    guard let file = persistent.files[number] else { throw .fileNotFound }
    volatile.directory = file.isDirectory ? number : file.parent
    volatile.file = file.isDirectory ? nil : number
    if p2 != 0x0C { reply = TLV.bytes(p2 == 0 ? 0x6F : 0x62, controlParameters(file)) }
    if persistent.lifeCycle == 0x0C || file.state == 0x0C { return .selectedFileTerminated }
    return file.state == 0x04 ? .selectedFileDeactivated : .success
  }

  private func find(_ p1: UInt8, _ data: [UInt8]) throws(StatusWord) -> UInt16 {
    let current = volatile.directory
    switch p1 {
    case 0x00:
      if data.isEmpty { return Persistent.master }
      return try findByIdentifier(try identifier(data))
    case 0x01, 0x02:
      guard let child = persistent.child(try identifier(data), of: current),
        persistent.files[child]?.isDirectory == (p1 == 0x01)
      else { throw .fileNotFound }
      return child
    case 0x03:
      guard data.isEmpty else { throw .wrongLength }
      return here.parent
    case 0x04: return try findByName(data)
    default: return try follow(data, isAbsolute: p1 == 0x08)
    }
  }

  private func identifier(_ data: [UInt8]) throws(StatusWord) -> UInt16 {
    guard data.count == 2 else { throw .wrongLength }
    return UInt16(data[0]) << 8 | UInt16(data[1])
  }

  private func findByIdentifier(_ identifier: UInt16) throws(StatusWord) -> UInt16 {
    if identifier == 0x3F00 { return Persistent.master }
    if let child = persistent.child(identifier, of: volatile.directory) { return child }
    if here.identifier == identifier { return volatile.directory }
    if persistent.files[here.parent]?.identifier == identifier { return here.parent }
    guard let sibling = persistent.child(identifier, of: here.parent),
      persistent.files[sibling]?.isDirectory == true
    else { throw .fileNotFound }
    return sibling
  }

  private func findByName(_ name: [UInt8]) throws(StatusWord) -> UInt16 {
    guard (1...16).contains(name.count) else { throw .wrongLength }
    for (number, file) in persistent.files.sorted(by: { $0.key < $1.key })
    where file.name.starts(with: name) && name.count >= min(5, file.name.count) { return number }
    throw .fileNotFound
  }

  private func follow(_ path: [UInt8], isAbsolute: Bool) throws(StatusWord) -> UInt16 {
    guard !path.isEmpty, path.count % 2 == 0 else { throw .wrongLength }
    var place = isAbsolute ? Persistent.master : volatile.directory
    for offset in stride(from: 0, to: path.count, by: 2) {
      let identifier = UInt16(path[offset]) << 8 | UInt16(path[offset + 1])
      if offset == 0, identifier == 0x3F00, place == Persistent.master { continue }
      guard let child = persistent.child(identifier, of: place) else { throw .fileNotFound }
      place = child
    }
    return place
  }

  private func controlParameters(_ file: Persistent.File) -> [UInt8] {
    let ofCard: [UInt8: UInt8] = [0x34: 0x01, 0x24: 0x01, 0x20: 0x03, 0x10: 0x05, 0x0C: 0x0C]
    var bytes: [UInt8] = []
    if file.isDirectory {
      bytes += TLV.bytes(0x82, [0x38, 0x00, 0x00])
    } else {
      bytes += TLV.bytes(0x80, [UInt8(file.size >> 8), UInt8(file.size & 0xFF)])
      bytes += TLV.bytes(0x82, [file.descriptor, 0x00, UInt8(file.recordLength)])
    }
    bytes += TLV.bytes(0x83, [UInt8(file.identifier >> 8), UInt8(file.identifier & 0xFF)])
    if !file.name.isEmpty { bytes += TLV.bytes(0x84, file.name) }
    bytes += TLV.bytes(0x85, [persistent.lifeCycle]) + TLV.bytes(0x86, file.access)
    return bytes
      + TLV.bytes(0x8A, [file.state == 0x05 ? ofCard[persistent.lifeCycle] ?? 0 : file.state])
  }

  // MARK: Contents

  private func current(_ rule: Int, records: Bool) throws(StatusWord) -> (UInt16, Persistent.File) {
    guard let number = volatile.file, let file = persistent.files[number] else {
      throw .noCurrentFile
    }
    guard file.hasRecords == records else { throw .commandIncompatibleWithFile }
    if rule == 0 {
      try requireHolder(file.access[0], in: file.parent)
    } else {
      try require(file.access[rule], in: file.parent)
    }
    guard persistent.isOperational(number) else { throw .conditionsOfUseNotSatisfied }
    return (number, file)
  }

  func readBinary(_ offset: Int, _ ne: Int?, _ reply: inout [UInt8?]) throws(StatusWord)
    -> StatusWord
  {
    let (_, file) = try current(0, records: false)
    guard let ne else { throw .wrongLength }
    guard offset < file.size else { throw .offsetOutsideFile }
    reply = Array(file.body[offset...].prefix(ne))
    return reply.count < ne && ne != 256 && ne != 65_536 ? .endOfFileReached : .success
  }

  mutating func updateBinary(_ offset: Int, _ data: [UInt8]) throws(StatusWord) {
    let (number, file) = try current(1, records: false)
    guard !data.isEmpty else { throw .wrongLength }
    guard offset < file.size else { throw .offsetOutsideFile }
    guard offset + data.count <= file.size else { throw .notEnoughMemory }
    persistent.files[number]?.body.replaceSubrange(offset..<offset + data.count, with: data)
  }

  func readRecord(_ number: Int, _ ne: Int?, _ reply: inout [UInt8?]) throws(StatusWord) {
    let (_, file) = try current(0, records: true)
    guard ne != nil else { throw .wrongLength }
    guard number <= file.records.count else { throw .recordNotFound }
    reply = file.records[number - 1]
  }

  private func requireLength(_ count: Int, _ file: Persistent.File) throws(StatusWord) {
    let isRight =
      file.descriptor == 0x04
      ? (1...file.recordLength).contains(count) : count == file.recordLength
    guard isRight else { throw .wrongLength }
  }

  mutating func updateRecord(_ number: Int, _ data: [UInt8]) throws(StatusWord) {
    let (place, file) = try current(1, records: true)
    guard number <= file.records.count else { throw .recordNotFound }
    try requireLength(data.count, file)
    var records = file.records
    records[number - 1] = data
    guard file.isRing || records.joined().count <= file.size else { throw .notEnoughMemory }
    persistent.files[place]?.records = records
  }

  mutating func appendRecord(_ data: [UInt8]) throws(StatusWord) {
    let (place, file) = try current(2, records: true)
    try requireLength(data.count, file)
    if file.isRing {
      let capacity = min(file.size / file.recordLength, 240)
      persistent.files[place]?.records = Array(([data] + file.records).prefix(capacity))
    } else {
      guard file.records.count < 240, file.records.joined().count + data.count <= file.size else {
        throw .notEnoughMemory
      }
      persistent.files[place]?.records.append(data)
    }
  }
}
