internal import Glibc

/// Lines from an open descriptor, one at a time and none longer than a limit: a device or a program
/// that never ends its line does not fill the memory.
public struct InputLines {
  private let descriptor: Int32
  private let limit: Int
  private var bytes: [UInt8] = []
  private var position = 0
  private var hasEnded = false

  /// The lines of an open descriptor, each of at most `limit` bytes.
  public init(descriptor: Int32, atMost limit: Int) {
    self.descriptor = descriptor
    self.limit = limit
  }

  /// The next line without its end; nil where there is none, or the input fails.
  ///
  /// - Throws: where the line is too long. Nothing more is read then.
  public mutating func next() throws(InputFile.Problem) -> String? {
    var searched = position
    while true {
      if let end = bytes[searched...].firstIndex(of: 0x0A) {
        defer { position = end + 1 }
        guard end - position <= limit else { throw tooLong() }
        return text(bytes[position..<end])
      }
      guard bytes.count - position <= limit else { throw tooLong() }
      guard !hasEnded else {
        defer { position = bytes.count }
        return position < bytes.count ? text(bytes[position...]) : nil
      }
      bytes.removeFirst(position)
      position = 0
      searched = bytes.count
      receive()
    }
  }

  private mutating func receive() {
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let count = read(descriptor, &piece, piece.count)
      if count < 0, errno == EINTR { continue }
      if count < 0, errno == EAGAIN {
        // Somebody who shares the descriptor has made it non-blocking.
        var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        _ = poll(&state, 1, -1)
        continue
      }
      hasEnded = count <= 0
      bytes += piece.prefix(max(count, 0))
      return
    }
  }

  private func text(_ line: ArraySlice<UInt8>) -> String {
    String(decoding: line.last == 0x0D ? line.dropLast() : line, as: UTF8.self)
  }

  private mutating func tooLong() -> InputFile.Problem {
    hasEnded = true
    bytes = []
    position = 0
    return InputFile.Problem(
      path: descriptor == STDIN_FILENO ? "standard input" : "descriptor \(descriptor)",
      reason: "a line has more than \(limit) bytes")
  }
}
