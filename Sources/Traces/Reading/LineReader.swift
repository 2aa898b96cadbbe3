import Foundation
import HostFiles

/// The lines of a file, of a pipe or of bytes in memory, one at a time: no more than one line and one
/// piece of the input is kept, however long the input and its lines are.
///
/// UTF-16 is read as UTF-8; a byte order mark is left out.
public struct LineReader {
  /// The most bytes of a line that are kept: the longest line of a trace has 265,000.
  static let limit = 1 << 20

  /// What error messages call the input.
  public let source: String
  /// The number of the last line that was read, from 1; 0 before the first.
  public private(set) var number = 0
  /// The last line is longer than the limit: its end was left out.
  private(set) var isCut = false

  private let file: OpenFile?
  private var encoding: TextEncoding?
  private var hasEnded = false
  /// Bytes that were read and not decoded yet: half a character.
  private var rest: [UInt8] = []
  private var buffer: [UInt8] = []
  private var position = 0

  /// The lines of a text in memory.
  public init(_ text: [UInt8], source: String) {
    self.source = source
    file = nil
    rest = text
  }

  /// The lines of a file, or of standard input where the path is "-".
  public init(path: String) throws(TraceError) {
    if path == "-" {
      source = "standard input"
      file = OpenFile(descriptor: STDIN_FILENO, isOurs: false)
      return
    }
    source = path
    file = try OpenFile(path: path)
  }

  /// The input can be read a second time from its beginning.
  public static func canReadAgain(_ path: String) -> Bool {
    var status = stat()
    return path != "-" && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
  }

  /// Puts the next line, without its end, into `line`; answers whether there was one.
  public mutating func next(into line: inout [UInt8]) throws(TraceError) -> Bool {
    line.removeAll(keepingCapacity: true)
    isCut = false
    var hasBegun = false
    while true {
      if position == buffer.count {
        guard try refill() else {
          guard hasBegun else { return false }
          break
        }
      }
      hasBegun = true
      let end = lineFeed(from: position)
      let stop = end ?? buffer.count
      if isCut || line.count + stop - position > Self.limit {
        isCut = true
      } else {
        line += buffer[position..<stop]
      }
      position = end.map { $0 + 1 } ?? stop
      if end != nil { break }
    }
    number += 1
    if line.last == 0x0D { line.removeLast() }
    return true
  }

  private func lineFeed(from start: Int) -> Int? {
    buffer.withUnsafeBytes { bytes in
      guard let base = bytes.baseAddress,
        let found = memchr(base + start, 0x0A, bytes.count - start)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
  }

  /// Decodes the next piece of the input; answers false at its end.
  private mutating func refill() throws(TraceError) -> Bool {
    while !hasEnded {
      var piece = rest
      rest = []
      // The first bytes tell the encoding.
      repeat {
        guard let file, try file.read(into: &piece, called: source) else {
          hasEnded = true
          break
        }
      } while piece.count < 4
      let encoding = self.encoding ?? TextEncoding(ofTextBeginningWith: &piece)
      self.encoding = encoding
      (buffer, rest) = encoding.utf8(piece)
      position = 0
      if !buffer.isEmpty { return true }
    }
    return false
  }
}

/// A descriptor that is closed with its owner.
private final class OpenFile {
  private let descriptor: Int32
  private let isOurs: Bool

  init(descriptor: Int32, isOurs: Bool) {
    self.descriptor = descriptor
    self.isOurs = isOurs
  }

  init(path: String) throws(TraceError) {
    descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY)
    isOurs = true
    guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path, errno) }
    switch status.st_mode & S_IFMT {
    // A folder can be opened, but not read.
    case S_IFDIR: throw Self.unreadable(path, EISDIR)
    // A device may never end.
    case S_IFCHR where isatty(descriptor) != 1, S_IFBLK:
      throw TraceError(path, reason: "cannot be read: it is a device, not a file")
    default: break
    }
  }

  deinit { if isOurs, descriptor >= 0 { close(descriptor) } }

  /// Appends what is there; answers false at the end.
  func read(into bytes: inout [UInt8], called source: String) throws(TraceError) -> Bool {
    let capacity = 65_536
    var code: Int32 = 0
    let piece = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      while true {
        let received = Foundation.read(descriptor, buffer.baseAddress, capacity)
        if received < 0, errno == EINTR { continue }
        if received < 0, errno == EAGAIN {
          // Somebody who shares the descriptor has made it non-blocking.
          var state = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
          _ = poll(&state, 1, -1)
          continue
        }
        code = received < 0 ? errno : 0
        count = max(received, 0)
        return
      }
    }
    guard code == 0 else { throw Self.unreadable(source, code) }
    if bytes.isEmpty { bytes = piece } else { bytes += piece }
    return !piece.isEmpty
  }

  private static func unreadable(_ path: String, _ code: Int32) -> TraceError {
    TraceError(path, reason: "cannot be read: \(SystemReason.text(code))")
  }
}
