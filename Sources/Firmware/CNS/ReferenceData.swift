import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// VERIFY (ISO/IEC 7816-4, 11.6.6). Without data it asks how things stand: `9000` verified, `63Cx`
  /// not, `6983` blocked; no try is spent.
  ///
  /// - Throws: `6A88` for a reference the card does not have, `6700` for a length no PIN has,
  ///   `63Cx` for a wrong one, `6983` where no tries are left, `6985` for the right transport PIN.
  mutating func verify(_ reference: UInt8, _ data: Span<UInt8>) throws(StatusWord) {
    let object = try referenceData(reference)
    guard data.count > 0 else {
      if session.status.holds(object) { return }
      let left = try triesLeft(of: object)
      throw left == 0 ? .authenticationMethodBlocked : .verificationFailed(triesLeft: left)
    }
    try check(object, data, 0..<data.count)
    // The right transport PIN proves nothing yet: it opens the way to CHANGE REFERENCE DATA only.
    guard !mustBeChanged(object) else {
      try store.commit()
      throw .conditionsOfUseNotSatisfied
    }
    session.status.grant(object)
  }

  /// The object holds a transport PIN that its holder has not changed yet. While the card is being
  /// built the issuer uses it as it is, and a change by the issuer is not the holder's.
  func mustBeChanged(_ object: SecurityObject) -> Bool {
    object.options.contains(.transport) && !lifeCycle.isAdministrative
      && store.byte(object.changedKey) != SecurityObject.isChanged
  }

  /// CHANGE REFERENCE DATA (ISO/IEC 7816-4, 11.6.7): the old value and the new one, eight bytes
  /// each, or only the new one where it was verified before.
  ///
  /// - Throws: as VERIFY; `6982` where the value may not be changed, `6A80` for a new value that is
  ///   no PIN, or is the transport PIN it should replace. The old value holds then.
  mutating func changeReferenceData(
    _ reference: UInt8, _ data: Span<UInt8>, carriesOld: Bool
  ) throws(StatusWord) {
    let object = try referenceData(reference)
    let rule = object.access[ObjectOperation.change.rawValue]
    guard rule != .never else { throw .securityStatusNotSatisfied }
    let length = SecurityObject.referenceLength
    guard data.count == (carriesOld ? 2 * length : length) else { throw .wrongLength }
    let new = data.count - length..<data.count
    // A new value that cannot be taken must not cost a try.
    try requirePIN(data, new, for: object)
    // Nor must a right old value, where it is another object that lets it be changed.
    let isOwnRule =
      directory.object(rule.rawValue, isKey: false, from: object.parent)
      .map { directory.objects[$0].number } == object.number
    if !carriesOld || !isOwnRule { try requireHolder(rule, in: object.parent) }
    if carriesOld {
      // Said before the comparison, so that it tells nothing of the value and costs no try.
      if mustBeChanged(object), isSame(data, 0..<length, new) { throw .incorrectData }
      try check(object, data, 0..<length)
      session.status.grant(object)
    }
    do throws(StatusWord) {
      try replace(object, by: data, new)
    } catch {
      session.status.revoke(object)
      throw error
    }
  }

  /// RESET RETRY COUNTER (ISO/IEC 7816-4, 11.6.10): the code that unblocks is the one the object's
  /// rule for unblocking names. Its tries are counted too, and there is nothing that unblocks it.
  ///
  /// - Throws: as CHANGE REFERENCE DATA; `63Cx` and `6983` speak of the unblocking code.
  mutating func resetRetryCounter(
    _ reference: UInt8, _ form: ResetForm, _ data: Span<UInt8>
  ) throws(StatusWord) {
    let object = try referenceData(reference)
    let rule = object.access[ObjectOperation.unblock.rawValue]
    guard rule != .never else { throw .securityStatusNotSatisfied }
    let length = SecurityObject.referenceLength
    let carriesCode = form == .codeAndNewData || form == .code
    let carriesNew = form == .codeAndNewData || form == .newData
    guard data.count == (carriesCode ? length : 0) + (carriesNew ? length : 0) else {
      throw .wrongLength
    }
    let new = data.count - (carriesNew ? length : 0)..<data.count
    if carriesNew { try requirePIN(data, new, for: object) }
    if carriesCode {
      try check(try referenceData(rule.rawValue, from: object.parent), data, 0..<length)
    } else {
      try requireHolder(rule, in: object.parent)
    }
    session.status.revoke(object)
    if carriesNew {
      try replace(object, by: data, new)
    } else {
      try setTries(object.maximumTries, of: object)
    }
  }

  /// The PIN or PUK with this identifier, seen from the current directory.
  private func referenceData(_ identifier: UInt8) throws(StatusWord) -> SecurityObject {
    try referenceData(identifier, from: currentDirectory.number)
  }

  /// The PIN or PUK with this identifier, seen from a directory. What an object's rule names is
  /// looked up from where the object is: a namesake further down has no say.
  private func referenceData(_ identifier: UInt8, from place: UInt16) throws(StatusWord)
    -> SecurityObject
  {
    guard let index = directory.object(identifier, isKey: false, from: place),
      directory.objects[index].kind == .reference
    else { throw .referencedDataNotFound }
    return directory.objects[index]
  }

  // MARK: The counter

  /// How many tries are left.
  ///
  /// - Throws: `6984` where the counter is missing.
  func triesLeft(of object: SecurityObject) throws(StatusWord) -> UInt8 {
    guard let count = store.byte(object.counterKey) else { throw .referenceDataNotUsable }
    return count
  }

  /// Sets the counter, in the open transaction.
  mutating func setTries(_ count: UInt8, of object: SecurityObject) throws(StatusWord) {
    let counter: [1 of UInt8] = [count]
    try store.put(object.counterKey, counter.span, mayUseReserve: true)
  }

  /// Takes one try away, durably, before anything is compared: pulling the power never buys a free
  /// guess.
  ///
  /// - Returns: how many are left after this one.
  /// - Throws: `6983` where none is left.
  mutating func spendTry(of object: SecurityObject) throws(StatusWord) -> UInt8 {
    let left = try triesLeft(of: object)
    guard left > 0 else { throw .authenticationMethodBlocked }
    session.status.revoke(object)
    try setTries(left - 1, of: object)
    try store.commit()
    return left - 1
  }

  /// Compares a candidate with the stored value; a match gives all tries back, in the open
  /// transaction.
  private mutating func check(
    _ object: SecurityObject, _ data: Span<UInt8>, _ range: Range<Int>
  ) throws(StatusWord) {
    let length = SecurityObject.referenceLength
    guard range.count <= length, range.count >= Int(object.minimumLength) else {
      throw .wrongLength
    }
    let left = try spendTry(of: object)
    guard try holds(object, data, range) else { throw .verificationFailed(triesLeft: left) }
    try setTries(object.maximumTries, of: object)
  }

  /// The stored value is these bytes, padded with `FF`.
  private mutating func holds(
    _ object: SecurityObject, _ data: Span<UInt8>, _ range: Range<Int>
  ) throws(StatusWord) -> Bool {
    let length = SecurityObject.referenceLength
    var stored: [UInt8] = []
    swap(&stored, &work)
    stored.removeAll(keepingCapacity: true)
    defer {
      chip.wipe(&stored)
      swap(&stored, &work)
    }
    guard store.read(object.valueKey, into: &stored), stored.count == length else {
      throw .referenceDataNotUsable
    }
    // Every byte is looked at whatever the ones before were: time tells nothing.
    var comparison = Comparison()
    for index in 0..<length {
      let byte = index < range.count ? data[range.lowerBound + index] : 0xFF
      comparison.take(byte, stored[index])
    }
    return comparison.isEqual
  }

  /// Two values of a command are the same.
  private func isSame(
    _ data: Span<UInt8>, _ range: Range<Int>, _ other: Range<Int>
  ) -> Bool {
    var comparison = Comparison()
    for offset in 0..<range.count {
      comparison.take(data[range.lowerBound + offset], data[other.lowerBound + offset])
    }
    return comparison.isEqual
  }

  /// Replaces the value and gives all tries back, in the open transaction.
  ///
  /// - Throws: `6A80` for a transport PIN that would stay what it is: somebody else knows it.
  private mutating func replace(
    _ object: SecurityObject, by data: Span<UInt8>, _ range: Range<Int>
  ) throws(StatusWord) {
    if mustBeChanged(object), try holds(object, data, range) {
      // The code that unblocks was right, and keeps its tries.
      try store.commit()
      throw .incorrectData
    }
    try store.put(object.valueKey, data.extracting(range), mayUseReserve: true)
    if mustBeChanged(object) {
      let mark: [1 of UInt8] = [SecurityObject.isChanged]
      try store.put(object.changedKey, mark.span, mayUseReserve: true)
    }
    try setTries(object.maximumTries, of: object)
  }

  /// Digits, as many as the object asks for at least, padded with `FF` to eight bytes.
  ///
  /// - Throws: `6A80` for anything else.
  private func requirePIN(_ data: Span<UInt8>, _ range: Range<Int>, for object: SecurityObject)
    throws(StatusWord)
  {
    var digits = 0
    for index in range {
      switch data[index] {
      case 0x30...0x39:
        guard index == range.lowerBound + digits else { throw .incorrectData }
        digits += 1
      case 0xFF: break
      default: throw .incorrectData
      }
    }
    guard digits >= Int(object.minimumLength) else { throw .incorrectData }
  }
}
