import ISO7816

/// Contents of transparent files: parts of 256 bytes, each a record of its own, so that an update
/// writes only what it touches. A part that was never written reads as zeros.
extension RecordStore where Memory: ~Copyable {
  private static var partSize: Int { 256 }

  /// Appends bytes of a file; the range must be inside its size.
  func readBody(of file: FileNode, _ range: Range<Int>, into reply: inout [UInt8]) {
    var position = range.lowerBound
    while position < range.upperBound {
      let part = position / Self.partSize
      let next = min((part + 1) * Self.partSize, range.upperBound)
      let start = part * Self.partSize
      let key = RecordKey(file.number, part: UInt8(part))
      if !read(key, position - start..<next - start, into: &reply) {
        for _ in position..<next { reply.append(0) }
      }
      position = next
    }
  }

  /// Replaces bytes of a file, in the open transaction; the range must be inside its size.
  ///
  /// - Throws: `6A84` and `6581`, as `put`.
  mutating func writeBody(of file: FileNode, at offset: Int, _ data: Span<UInt8>)
    throws(StatusWord)
  {
    var done = 0
    while done < data.count {
      let part = (offset + done) / Self.partSize
      let start = part * Self.partSize
      let length = min(Self.partSize, file.size - start)
      let inside = offset + done - start
      let count = min(length - inside, data.count - done)
      var value: [UInt8] = []
      value.reserveCapacity(length)
      readBody(of: file, start..<start + length, into: &value)
      for index in 0..<count { value[inside + index] = data[done + index] }
      try put(RecordKey(file.number, part: UInt8(part)), value.span)
      done += count
    }
  }
}
