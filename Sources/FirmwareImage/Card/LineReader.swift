/// A text file of the host, line by line.
struct LineReader: ~Copyable {
  private let file: HostFile
  private var buffer = [UInt8](repeating: 0, count: 1024)
  private var unread = 0..<0

  /// The lines of a file from its beginning.
  init(_ file: consuming HostFile) { self.file = file }

  /// Replaces `line` by the next line without its end; false at the end of the file.
  mutating func next(into line: inout [UInt8]) -> Bool {
    line.removeAll(keepingCapacity: true)
    while true {
      while let position = unread.first {
        unread = position + 1..<unread.upperBound
        if buffer[position] == 0x0A { return true }
        line.append(buffer[position])
      }
      let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe file.read(into: $0) }
      guard count > 0 else { return !line.isEmpty }
      unread = 0..<count
    }
  }
}
