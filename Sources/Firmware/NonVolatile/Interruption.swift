/// What power that went may leave behind the last transaction that holds.
///
/// A chip programs one unit after the other: each is complete but the last, which has some of its
/// zeros already. A disk takes whole units in any order. Whatever else stands there, such as the
/// zeros of a page that was lost, was not left by a power cut.
extension RecordStore where Memory: ~Copyable {
  /// The units from the end of the log on can be what is left of one interrupted transaction.
  ///
  /// - Parameter isCommitted: the last sound record ended its transaction.
  func isInterrupted(after isCommitted: Bool) -> Bool {
    var position = end
    var number: UInt8?
    while !isErased(position..<limit) {
      // No record was ever begun that has no room.
      guard position + 16 <= limit else { return false }
      let first = unit(at: position)
      if isErased(position + 8..<limit) { return isBegun(first, number, isCommitted) }
      // The header is lost, and with it the length: only what came later can tell.
      if first == .max {
        let last = unit(at: limit - 8)
        return (last == .max || RecordEnd.ending(of: last) != nil)
          && !isFollowedByAnother(isCommitted, from: position + 8)
      }
      guard let header = RecordHeader(unit: first), position + header.span <= limit,
        mayFollow(header.sequence, number, isCommitted), isInterrupted(header, at: position)
      else { return false }
      number = header.sequence
      position += header.span
      // Nothing of the transaction is behind the record that ends it.
      if RecordEnd.ending(of: unit(at: position - 8)) == RecordEnd.commit {
        return isErased(position..<limit)
      }
    }
    return true
  }

  /// A transaction with this number may follow the last sound record; `number` is the interrupted
  /// one's, where that is known already. A number is left out where the transaction before was
  /// rolled back.
  private func mayFollow(_ candidate: UInt8, _ number: UInt8?, _ isCommitted: Bool) -> Bool {
    if let number { return candidate == number }
    let distance = candidate &- sequence
    return isCommitted ? distance == 1 : distance == 0 || distance == 2
  }

  /// From this address on there is a record of another transaction than the interrupted one.
  private func isFollowedByAnother(_ isCommitted: Bool, from start: Int) -> Bool {
    var address = start
    while address + 16 <= limit {
      guard let (header, _) = record(at: address) else {
        address += 8
        continue
      }
      guard mayFollow(header.sequence, nil, isCommitted) else { return true }
      address += header.span
    }
    return false
  }

  /// Some or all of a header's zeros are in this unit: a half-programmed cell reads as a one.
  private func isBegun(_ unit: UInt64, _ number: UInt8?, _ isCommitted: Bool) -> Bool {
    let kind = UInt8(truncatingIfNeeded: unit)
    let sequence = UInt8(truncatingIfNeeded: unit >> 48)
    guard
      kind & RecordHeader.put == RecordHeader.put
        || kind & RecordHeader.delete == RecordHeader.delete
    else { return false }
    for candidate in UInt8.min...UInt8.max
    where sequence & candidate == candidate && mayFollow(candidate, number, isCommitted) {
      return true
    }
    return false
  }

  /// The record behind a sound header is whole, or a unit of it is lost, or power went while its
  /// trailer was programmed.
  private func isInterrupted(_ header: RecordHeader, at address: Int) -> Bool {
    let trailerAddress = address + header.span - 8
    let trailer = unit(at: trailerAddress)
    guard trailer != .max else { return true }
    let isLast = isErased(trailerAddress + 8..<limit)
    let checksum = checksum(of: header, at: address)
    for ending in [RecordEnd.more, RecordEnd.commit] {
      let whole = RecordEnd.unit(ending, checksum: checksum)
      if trailer == whole || isLast && trailer & whole == whole { return true }
    }
    guard RecordEnd.ending(of: trailer) != nil else { return false }
    for unitAddress in stride(from: address + 8, to: trailerAddress, by: 8)
    where unit(at: unitAddress) == .max {
      return true
    }
    return false
  }
}
