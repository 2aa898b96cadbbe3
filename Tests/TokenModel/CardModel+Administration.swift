import ISO7816

extension CardModel {
  mutating func perform(
    _ operation: Operation, _ data: [UInt8], _ ne: Int?, _ reply: inout [UInt8?]
  ) throws(StatusWord) -> StatusWord {
    let (p1, p2, reference) = (operation.p1, operation.p2, operation.reference)
    let offset = Int(p1) << 8 | Int(p2)
    switch operation.verb {
    case .select: return try select(p1, p2, data, &reply)
    case .readBinary: return try readBinary(offset, ne, &reply)
    case .updateBinary: try updateBinary(offset, data)
    case .readRecord: try readRecord(Int(p1), ne, &reply)
    case .updateRecord: try updateRecord(Int(p1), data)
    case .appendRecord: try appendRecord(data)
    case .verify: try verify(reference, data)
    case .change: try change(reference, carriesOld: p1 == 0, data)
    case .reset: try reset(reference, form: p1, data)
    case .getChallenge:
      guard let ne else { throw .wrongLength }
      reply = [UInt8?](repeating: nil, count: ne)
      volatile.challenge = ne >= 8 ? [] : nil
    case .externalAuthenticate: try externalAuthenticate(reference, data)
    case .internalAuthenticate: try sign(data, takesBlock: false, &reply)
    case .restore: try restore(p2)
    case .set: try set(p2, data)
    case .sign: try sign(data, takesBlock: true, &reply)
    case .decipher: try decipher(data, &reply)
    case .generate: try generate(reference, data, ne, &reply)
    case .readPublicKey: try readPublicKey(reference, &reply)
    case .getData:
      guard p1 == 0x01, p2 == 0x83 else { throw .referencedDataNotFound }
      reply = [persistent.lifeCycle]
    case .putObject: try putObject(data)
    case .putEnvironment: try putEnvironment(data)
    case .putFileControl: try putFileControl(data)
    case .putLifeCycle: try putLifeCycle(data)
    case .create: try create(data)
    case .delete: try delete(data)
    case .activate: try changeState(4, to: 0x05, data)
    case .deactivate: try changeState(3, to: 0x04, data)
    case .terminateFile: try changeState(6, to: 0x0C, data, ofDirectory: false)
    case .terminateDirectory: try changeState(6, to: 0x0C, data, ofDirectory: true)
    case .changeKey: try changeKey(class: p1, p2 & 0x1F, data)
    }
    return .success
  }

  private func field(_ tag: UInt16, _ data: [UInt8], _ region: Range<Int>? = nil)
    throws(StatusWord) -> [UInt8]?
  {
    try TLV.find(tag, in: data.span, region ?? 0..<data.count).map { Array(data[$0]) }
  }

  private func padded(_ access: [UInt8]) -> [UInt8] {
    access + [UInt8](repeating: 0xFF, count: 9 - access.count)
  }

  private mutating func putLifeCycle(_ data: [UInt8]) throws(StatusWord) {
    try requireIssuer()
    guard data.count == 1, [0x34, 0x24, 0x20, 0x10, 0x0C].contains(data[0]) else {
      throw .incorrectData
    }
    let next: [UInt8: UInt8] = [0x34: 0x24, 0x24: 0x20, 0x20: 0x10]
    guard data[0] == 0x0C || next[persistent.lifeCycle] == data[0] else {
      throw .conditionsOfUseNotSatisfied
    }
    persistent.lifeCycle = data[0]
    if !persistent.isBeingBuilt { volatile.uses = [:] }
  }

  private mutating func create(_ data: [UInt8]) throws(StatusWord) {
    let parent = volatile.directory
    try require(here.access[7], in: parent)
    guard persistent.isOperational(parent) else { throw .conditionsOfUseNotSatisfied }
    var rest = 0..<data.count
    guard let template = try TLV.next(in: data.span, from: &rest),
      template.tag == 0x62 || template.tag == 0x6F
    else { throw .incorrectData }
    let region = template.value
    guard let descriptor = try field(0x82, data, region), let kind = descriptor.first,
      [0x38, 0x01, 0x02, 0x04, 0x06].contains(kind),
      let name = try field(0x83, data, region), name.count == 2,
      let access = try field(0x86, data, region), access.count <= 9
    else { throw .incorrectData }
    var file = Persistent.File(
      parent: parent, identifier: UInt16(name[0]) << 8 | UInt16(name[1]), descriptor: kind,
      access: padded(access))
    if !file.isDirectory {
      guard let size = try field(0x80, data, region), size.count == 2 else { throw .incorrectData }
      file.size = Int(size[0]) << 8 | Int(size[1])
      guard (1...0x7FFF).contains(file.size) else { throw .incorrectData }
    }
    if file.hasRecords {
      guard (3...4).contains(descriptor.count) else { throw .incorrectData }
      file.recordLength = descriptor[2...].reduce(0) { $0 << 8 | Int($1) }
      guard (1...255).contains(file.recordLength), file.recordLength <= file.size else {
        throw .incorrectData
      }
    } else {
      file.body = [UInt8](repeating: 0, count: file.size)
    }
    file.name = try field(0x84, data, region) ?? []
    guard file.name.count <= 16, file.isDirectory || file.name.isEmpty,
      ![0x3F00, 0xFFFF, 0x3FFF, 0x0000].contains(file.identifier)
    else { throw .incorrectData }
    guard let number = persistent.freeNumber else { throw .notEnoughMemory }
    guard persistent.child(file.identifier, of: parent) == nil else { throw .fileAlreadyExists }
    persistent.files[number] = file
    volatile.directory = file.isDirectory ? number : parent
    volatile.file = file.isDirectory ? nil : number
  }

  private mutating func delete(_ data: [UInt8]) throws(StatusWord) {
    var number = volatile.file ?? volatile.directory
    if !data.isEmpty {
      guard data.count == 2 else { throw .wrongLength }
      let identifier = UInt16(data[0]) << 8 | UInt16(data[1])
      guard let child = persistent.child(identifier, of: volatile.directory) else {
        throw .fileNotFound
      }
      number = child
    }
    guard number != Persistent.master, let file = persistent.files[number] else {
      throw .conditionsOfUseNotSatisfied
    }
    try require(file.access[5], in: file.parent)
    let isUsed =
      persistent.files.contains { $0.value.parent == number }
      || persistent.objects.contains { $0.value.parent == number }
    guard !isUsed else { throw .conditionsOfUseNotSatisfied }
    persistent.files[number] = nil
    volatile.directory = file.parent
    volatile.file = nil
  }

  private mutating func changeState(
    _ rule: Int, to state: UInt8, _ data: [UInt8], ofDirectory: Bool? = nil
  ) throws(StatusWord) {
    guard data.isEmpty else { throw .wrongLength }
    let number = volatile.file ?? volatile.directory
    guard let file = persistent.files[number] else { throw .noCurrentFile }
    try require(file.access[rule], in: file.parent)
    guard file.state != 0x0C else { throw .conditionsOfUseNotSatisfied }
    if let ofDirectory, file.isDirectory != ofDirectory { throw .commandIncompatibleWithFile }
    if state == 0x04, number == Persistent.master { throw .conditionsOfUseNotSatisfied }
    persistent.files[number]?.state = state
    if state == 0x0C, number == Persistent.master { persistent.lifeCycle = 0x0C }
  }

  private mutating func putFileControl(_ data: [UInt8]) throws(StatusWord) {
    let number = volatile.file ?? volatile.directory
    guard let file = persistent.files[number] else { throw .noCurrentFile }
    try require(file.access[6], in: file.parent)
    guard let access = try field(0x86, data), access.count == 9 else { throw .incorrectData }
    persistent.files[number]?.access = access
  }

  private mutating func putEnvironment(_ data: [UInt8]) throws(StatusWord) {
    guard let master = persistent.files[Persistent.master] else { throw .fileNotFound }
    try require(master.access[6], in: Persistent.master)
    guard let name = try field(0x83, data), name.count == 1, let keys = try field(0x8F, data),
      keys.count >= 3
    else { throw .incorrectData }
    let existing = persistent.environments.filter { $0.value[0] == name[0] }.keys.min()
    guard let number = existing ?? persistent.freeNumber else { throw .notEnoughMemory }
    persistent.environments[number] = name + keys.prefix(3)
  }

  private mutating func putObject(_ data: [UInt8]) throws(StatusWord) {
    let parent = volatile.directory
    try require(here.access[6], in: parent)
    guard let name = try field(0x83, data), name.count == 2,
      let parameters = try field(0x85, data), parameters.count == 8,
      let access = try field(0x86, data), access.count <= 9, let body = try field(0x8F, data)
    else { throw .incorrectData }
    let isKey = name[0] & 0xE0 == 0x20
    guard isKey || name[0] <= 1, (1...31).contains(name[1]) else { throw .incorrectData }
    let seen = persistent.object(name[1], isKey: isKey, from: parent)
    let existing = seen.flatMap { persistent.objects[$0]?.parent == parent ? $0 : nil }
    guard existing == nil || persistent.isBeingBuilt else { throw .fileAlreadyExists }
    guard let number = existing ?? persistent.freeNumber else { throw .notEnoughMemory }
    var object = Persistent.Object(
      parent: parent, kind: name[0] == 0 ? .reference : .authentication, identifier: name[1],
      most: isKey ? 0 : parameters[1] & 0x0F, tries: isKey ? 0 : parameters[1] & 0x0F,
      useCount: parameters[4], shortest: parameters[7], access: padded(access))
    if isKey {
      object.kind = try keyKind(parameters[2], body)
      object.asksForButton = parameters[0] & 0x40 != 0
    } else {
      let length = object.kind == .authentication ? 16 : 8
      let shortest = object.kind == .authentication ? 16 : max(1, Int(object.shortest))
      guard object.most > 0, object.useCount > 0, body.count <= length, body.count >= shortest
      else { throw .incorrectData }
      object.value = body + [UInt8](repeating: 0xFF, count: length - body.count)
      object.isTransport = parameters[0] & 0x80 != 0
    }
    volatile.uses[number] = nil
    persistent.objects[number] = object
  }

  private func keyKind(_ algorithm: UInt8, _ body: [UInt8]) throws(StatusWord) -> Persistent.Kind {
    guard body.count == 2 else { throw .incorrectData }
    let bits = Int(body[0]) << 8 | Int(body[1])
    if algorithm == 0xEC, [256, 384].contains(bits) { return .curve(bits: bits) }
    guard [0x08, 0x0C, 0x88, 0x8C].contains(algorithm), [2048, 3072, 4096].contains(bits) else {
      throw .incorrectData
    }
    return .rsa(bits: bits)
  }
}
