import ISO7816

extension Token where Chip: ~Copyable, Memory: ~Copyable {
  /// READ RECORD (ISO/IEC 7816-4, 11.4.3) by number.
  ///
  /// - Throws: `6986` without a current file, `6981` where it has no records, `6982` where the rule
  ///   is not met, `6A83` for a record it does not have.
  func readRecord(_ number: UInt8, _ ne: Int?, into reply: inout [UInt8]) throws(StatusWord) {
    let file = try currentFile(for: .read, withRecords: true)
    guard ne != nil else { throw .wrongLength }
    try store.readRecord(Int(number), of: file, into: &reply)
  }

  /// UPDATE RECORD (ISO/IEC 7816-4, 11.4.5) by number.
  ///
  /// - Throws: as READ RECORD; `6700` for a length the record cannot have, `6A84` where there is no
  ///   room. Nothing was changed then.
  mutating func updateRecord(_ number: UInt8, _ data: Span<UInt8>) throws(StatusWord) {
    let file = try currentFile(for: .update, withRecords: true)
    try store.updateRecord(Int(number), of: file, data)
  }

  /// APPEND RECORD (ISO/IEC 7816-4, 11.4.6).
  ///
  /// - Throws: as UPDATE RECORD.
  mutating func appendRecord(_ data: Span<UInt8>) throws(StatusWord) {
    let file = try currentFile(for: .append, withRecords: true)
    try store.appendRecord(to: file, data)
  }
}
