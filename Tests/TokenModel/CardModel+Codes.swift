import Cryptography
import ISO7816

extension CardModel {
  /// A PIN or PUK as the current directory, or the directory of the object that names it, sees it.
  private func code(_ identifier: UInt8, from place: UInt16) throws(StatusWord) -> UInt16 {
    guard let number = persistent.object(identifier, isKey: false, from: place),
      persistent.objects[number]?.kind == .reference
    else { throw .referencedDataNotFound }
    return number
  }

  private func object(_ number: UInt16) throws(StatusWord) -> Persistent.Object {
    guard let object = persistent.objects[number] else { throw .referencedDataNotFound }
    return object
  }

  /// A try is gone before anything is compared, and stays gone unless the code is right.
  private mutating func compare(_ number: UInt16, _ candidate: [UInt8], padding: Int)
    throws(StatusWord)
  {
    let object = try object(number)
    guard object.tries > 0 else { throw .authenticationMethodBlocked }
    volatile.uses[number] = nil
    persistent.objects[number]?.tries -= 1
    commit()
    let padded = candidate + [UInt8](repeating: 0xFF, count: max(0, padding - candidate.count))
    guard padded == object.value else { throw .verificationFailed(triesLeft: object.tries - 1) }
    persistent.objects[number]?.tries = object.most
  }

  private mutating func compareCode(_ number: UInt16, _ candidate: [UInt8]) throws(StatusWord) {
    let shortest = Int(try object(number).shortest)
    guard candidate.count <= 8, candidate.count >= shortest else { throw .wrongLength }
    try compare(number, candidate, padding: 8)
  }

  private func mustBeChanged(_ object: Persistent.Object) -> Bool {
    object.isTransport && !object.wasChanged && !persistent.isBeingBuilt
  }

  mutating func verify(_ identifier: UInt8, _ data: [UInt8]) throws(StatusWord) {
    let number = try code(identifier, from: volatile.directory)
    let object = try object(number)
    if data.isEmpty {
      if volatile.uses[number] != nil { return }
      throw object.tries == 0
        ? .authenticationMethodBlocked : .verificationFailed(triesLeft: object.tries)
    }
    try compareCode(number, data)
    guard !mustBeChanged(object) else {
      commit()
      throw .conditionsOfUseNotSatisfied
    }
    volatile.uses[number] = object.useCount
  }

  /// Digits, enough of them, and nothing but `FF` behind.
  private func requirePIN(_ value: [UInt8], shortest: UInt8) throws(StatusWord) {
    let digits = value.prefix { (0x30...0x39).contains($0) }
    guard digits.count >= Int(shortest), value[digits.count...].allSatisfy({ $0 == 0xFF }) else {
      throw .incorrectData
    }
  }

  private mutating func replace(_ number: UInt16, by value: [UInt8]) throws(StatusWord) {
    let object = try object(number)
    if mustBeChanged(object) {
      // A transport PIN that stays what it is; the code that let it be set was right.
      guard value != object.value else {
        volatile.uses[number] = nil
        commit()
        throw .incorrectData
      }
      persistent.objects[number]?.wasChanged = true
    }
    persistent.objects[number]?.value = value
    persistent.objects[number]?.tries = object.most
  }

  mutating func change(_ identifier: UInt8, carriesOld: Bool, _ data: [UInt8]) throws(StatusWord) {
    let number = try code(identifier, from: volatile.directory)
    let object = try object(number)
    let rule = object.access[1]
    guard rule != 0xFF, rule != 0x66 else { throw .securityStatusNotSatisfied }
    guard data.count == (carriesOld ? 16 : 8) else { throw .wrongLength }
    let new = Array(data.suffix(8))
    try requirePIN(new, shortest: object.shortest)
    let guardian = persistent.object(rule, isKey: false, from: object.parent)
    if guardian != number || !carriesOld { try requireHolder(rule, in: object.parent) }
    if carriesOld {
      guard !mustBeChanged(object) || Array(data.prefix(8)) != new else { throw .incorrectData }
      try compareCode(number, Array(data.prefix(8)))
      volatile.uses[number] = object.useCount
    }
    try replace(number, by: new)
  }

  mutating func reset(_ identifier: UInt8, form: UInt8, _ data: [UInt8]) throws(StatusWord) {
    let number = try code(identifier, from: volatile.directory)
    let object = try object(number)
    let rule = object.access[2]
    guard rule != 0xFF, rule != 0x66 else { throw .securityStatusNotSatisfied }
    let carriesCode = form == 0 || form == 1
    let carriesNew = form == 0 || form == 2
    guard data.count == (carriesCode ? 8 : 0) + (carriesNew ? 8 : 0) else { throw .wrongLength }
    let new = Array(data.suffix(8))
    if carriesNew { try requirePIN(new, shortest: object.shortest) }
    if carriesCode {
      try compareCode(try code(rule, from: object.parent), Array(data.prefix(8)))
    } else {
      try requireHolder(rule, in: object.parent)
    }
    volatile.uses[number] = nil
    if carriesNew {
      try replace(number, by: new)
    } else {
      persistent.objects[number]?.tries = object.most
    }
  }

  mutating func externalAuthenticate(_ identifier: UInt8, _ data: [UInt8]) throws(StatusWord) {
    guard let number = persistent.object(identifier, isKey: false, from: volatile.directory),
      let object = persistent.objects[number], object.kind == .authentication
    else { throw .referencedDataNotFound }
    guard data.count == 16 else { throw .wrongLength }
    guard let challenge = volatile.challenge else { throw .conditionsOfUseNotSatisfied }
    volatile.challenge = nil
    guard object.tries > 0 else { throw .authenticationMethodBlocked }
    volatile.uses[number] = nil
    persistent.objects[number]?.tries -= 1
    commit()
    let expected = MessageAuthentication.aesCMAC(of: challenge.span, key: object.value.span)
    guard data == expected else { throw .verificationFailed(triesLeft: object.tries - 1) }
    persistent.objects[number]?.tries = object.most
    volatile.uses[number] = object.useCount
  }

  mutating func changeKey(class byte: UInt8, _ identifier: UInt8, _ data: [UInt8])
    throws(StatusWord)
  {
    let isKey = byte & 0xE0 == 0x20
    guard
      let number = persistent.object(identifier, isKey: isKey, from: volatile.directory),
      let object = persistent.objects[number]
    else { throw .referencedDataNotFound }
    guard object.kind == .authentication else { throw .conditionsOfUseNotSatisfied }
    try requireIssuer()
    guard data.count == 16 else { throw .wrongLength }
    persistent.objects[number]?.value = data
    persistent.objects[number]?.tries = object.most
    volatile.uses[number] = nil
  }
}
