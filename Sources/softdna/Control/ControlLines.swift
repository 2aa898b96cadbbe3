import Foundation

/// Lines over a connection, each within a limit of length and of time.
struct ControlLines {
  /// A line was not what it may be.
  enum Problem: Error {
    case tooLong
    case tooSlow
    /// The connection ended within it.
    case unfinished
  }

  let descriptor: Int32
  /// The most bytes of a line, its end not counted.
  let limit: Int
  /// How long a line may take from its first byte to its last.
  let patience: Duration
  private var bytes: [UInt8] = []
  private var searched = 0

  init(descriptor: Int32, limit: Int, patience: Duration) {
    self.descriptor = descriptor
    self.limit = limit
    self.patience = patience
    // What the other end does not take in time is lost, and the connection with it.
    var limit = timeval(tv_sec: Int(patience.components.seconds), tv_usec: 0)
    setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  /// The next line; nil where the connection has ended between lines.
  ///
  /// - Parameters:
  ///   - time: how soon it must be there; nil: it may begin at any time.
  ///   - began: called when it has begun.
  mutating func next(
    within time: Duration? = nil, began: () -> Void = {}
  ) throws(Problem) -> [UInt8]? {
    var deadline = time.map { ContinuousClock.now + $0 }
    while true {
      if let end = bytes[searched...].firstIndex(of: 0x0A) {
        let line = Array(bytes[..<end])
        bytes.removeFirst(end + 1)
        searched = 0
        guard line.count <= limit else { throw .tooLong }
        began()
        return line
      }
      searched = bytes.count
      guard bytes.count <= limit else { throw .tooLong }
      if !bytes.isEmpty, deadline == nil {
        began()
        deadline = ContinuousClock.now + patience
      }
      guard try receive(until: deadline) else {
        guard bytes.isEmpty else { throw .unfinished }
        return nil
      }
    }
  }

  /// Sends a line; false where the other end is gone, which must not end this process (SIGPIPE).
  func send(_ line: String) -> Bool {
    let bytes = Array((line + "\n").utf8)
    var sent = 0
    while sent < bytes.count {
      let count = bytes[sent...].withUnsafeBytes { rest in
        Foundation.send(descriptor, rest.baseAddress, rest.count, Int32(MSG_NOSIGNAL))
      }
      guard count > 0 || errno == EINTR else { return false }
      sent += max(count, 0)
    }
    return true
  }

  /// More bytes; false at the end of the connection, whoever ended it.
  private mutating func receive(until deadline: ContinuousClock.Instant?) throws(Problem) -> Bool {
    var piece = [UInt8](repeating: 0, count: 4096)
    while true {
      let left = deadline.map { ContinuousClock.now.duration(to: $0) / .milliseconds(1) } ?? -1
      guard deadline == nil || left > 0 else { throw .tooSlow }
      var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
      guard poll(&state, 1, Int32(left.rounded(.up))) > 0 else { continue }
      let count = recv(descriptor, &piece, piece.count, 0)
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { return false }
      bytes += piece.prefix(count)
      return true
    }
  }
}
