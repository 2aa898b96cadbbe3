import ISO7816

extension CardModel {
  private func key(_ identifier: UInt8) throws(StatusWord) -> (UInt16, Persistent.Object) {
    guard let number = persistent.object(identifier, isKey: true, from: volatile.directory),
      let object = persistent.objects[number]
    else { throw .referencedDataNotFound }
    return (number, object)
  }

  mutating func restore(_ identifier: UInt8) throws(StatusWord) {
    let stored = persistent.environments.filter { $0.value[0] == identifier }
    guard let first = stored.keys.min(), let keys = stored[first] else {
      throw .referencedDataNotFound
    }
    volatile.signatureKey = keys[1]
    volatile.confidentialityKey = keys[2]
    volatile.authenticationKey = keys[3]
  }

  mutating func set(_ component: UInt8, _ data: [UInt8]) throws(StatusWord) {
    var reference: [UInt8] = []
    var rest = 0..<data.count
    while let object = try TLV.next(in: data.span, from: &rest) {
      if [0x83, 0x84].contains(object.tag) { reference = Array(data[object.value]) }
    }
    guard reference.count == 1 else { throw .incorrectData }
    let identifier = reference[0] & 0x1F
    _ = try key(identifier)
    switch component {
    case 0xB6: volatile.signatureKey = identifier
    case 0xB8: volatile.confidentialityKey = identifier
    default: volatile.authenticationKey = identifier
    }
  }

  /// A key whose rule is met and that is there; nobody presses the button of a model.
  private func usable(_ identifier: UInt8) throws(StatusWord) -> Persistent.Object {
    guard identifier != 0 else { throw .conditionsOfUseNotSatisfied }
    let (_, key) = try key(identifier)
    try requireHolder(key.access[0], in: key.parent)
    guard key.generation > 0 else { throw .referencedDataNotFound }
    guard !key.asksForButton || persistent.isBeingBuilt else {
      throw .conditionsOfUseNotSatisfied
    }
    return key
  }

  /// One of the uses that a verification was good for is gone.
  private mutating func spendUse(_ key: Persistent.Object) {
    guard let number = persistent.object(key.access[0], isKey: false, from: key.parent),
      let uses = volatile.uses[number], uses < 0xFF
    else { return }
    volatile.uses[number] = uses > 1 ? uses - 1 : nil
  }

  mutating func sign(_ data: [UInt8], takesBlock: Bool, _ reply: inout [UInt8?])
    throws(StatusWord)
  {
    let key = try usable(takesBlock ? volatile.signatureKey : volatile.authenticationKey)
    switch key.kind {
    case .curve(let bits):
      guard (20...64).contains(data.count) else { throw .incorrectData }
      reply = [UInt8?](repeating: nil, count: bits / 4)
    case .rsa(let bits):
      let length = bits / 8
      guard (takesBlock && data.count == length) || (1...length - 11).contains(data.count) else {
        throw .incorrectData
      }
      if data.count == length { alternative = .incorrectData }
      reply = [UInt8?](repeating: nil, count: length)
    default: throw .functionNotSupported
    }
    spendUse(key)
  }

  mutating func decipher(_ data: [UInt8], _ reply: inout [UInt8?]) throws(StatusWord) {
    let key = try usable(volatile.confidentialityKey)
    guard case .rsa(let bits) = key.kind else { throw .functionNotSupported }
    guard data.count == bits / 8 + 1, data[0] == 0 else { throw .incorrectData }
    alternative = .incorrectData
    reply = [UInt8?](repeating: nil, count: bits / 8)
    spendUse(key)
  }

  mutating func readPublicKey(_ identifier: UInt8, _ reply: inout [UInt8?]) throws(StatusWord) {
    let (_, key) = try key(identifier)
    guard key.generation > 0 else { throw .referencedDataNotFound }
    reply = publicKeyTemplate(key)
  }

  /// The length of a public key template, its bytes being the card's choice.
  private func publicKeyTemplate(_ key: Persistent.Object) -> [UInt8?] {
    let count =
      switch key.kind {
      case .curve(let bits): TLV.bytes(0x7F49, [UInt8](repeating: 0, count: 3 + bits / 4)).count
      case .rsa(let bits):
        TLV.bytes(
          0x7F49, TLV.bytes(0x81, [UInt8](repeating: 0, count: bits / 8)) + [0x82, 3, 1, 0, 1]
        ).count
      default: 0
      }
    return [UInt8?](repeating: nil, count: count)
  }

  mutating func generate(_ identifier: UInt8, _ data: [UInt8], _ ne: Int?, _ reply: inout [UInt8?])
    throws(StatusWord)
  {
    let (number, key) = try key(identifier)
    try require(key.access[6], in: key.parent)
    guard data.count == 8, data[0] & 0xE0 == 0x20, data[1] == identifier else {
      throw .incorrectData
    }
    let target = UInt16(data[2]) << 8 | UInt16(data[3])
    guard let file = persistent.child(target, of: volatile.directory),
      persistent.files[file]?.descriptor == 0x01
    else { throw .fileNotFound }
    guard persistent.isOperational(file) else { throw .conditionsOfUseNotSatisfied }
    let needed =
      switch key.kind {
      case .curve(let bits): 1 + bits / 4
      case .rsa(let bits): bits / 8 + 14
      default: 0
      }
    guard needed <= persistent.files[file]?.size ?? 0 else { throw .notEnoughMemory }
    persistent.objects[number]?.generation += 1
    generatedInto = file
    if ne != nil { reply = publicKeyTemplate(key) }
  }
}
