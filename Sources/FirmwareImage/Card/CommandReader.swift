/// The commands in a text file of the host.
///
/// A command is a line of hexadecimal digits; `reset` is a reset; lines that begin with `#` are
/// remarks. Digits become bytes as they come, so that the longest command needs no line twice as
/// long in memory.
struct CommandReader: ~Copyable {
  /// What a line asks for.
  enum Line {
    case command
    case reset
  }

  private let file: HostFile
  private var buffer = [UInt8](repeating: 0, count: 512)
  private var unread = 0..<0

  /// The lines of a file from its beginning.
  init(_ file: consuming HostFile) { self.file = file }

  /// The next line that asks for something, or nil at the end of the file. Replaces `command` by the
  /// bytes of a command.
  mutating func next(into command: inout [UInt8]) -> Line? {
    while let first = nextCharacter() {
      switch first {
      case UInt8(ascii: "\n"): continue
      case UInt8(ascii: "#"): skipLine()
      case UInt8(ascii: "r"):
        skipLine()
        return .reset
      default:
        command.removeAll(keepingCapacity: true)
        var high = first
        while high != UInt8(ascii: "\n"), let low = nextCharacter() {
          command.append(value(ofDigit: high) << 4 | value(ofDigit: low))
          high = nextCharacter() ?? UInt8(ascii: "\n")
        }
        return .command
      }
    }
    return nil
  }

  private mutating func skipLine() {
    while let character = nextCharacter(), character != UInt8(ascii: "\n") {}
  }

  private mutating func nextCharacter() -> UInt8? {
    if unread.isEmpty {
      let count = unsafe buffer.withUnsafeMutableBufferPointer { unsafe file.read(into: $0) }
      unread = 0..<count
    }
    guard let position = unread.first else { return nil }
    unread = position + 1..<unread.upperBound
    return buffer[position]
  }

  private func value(ofDigit digit: UInt8) -> UInt8 {
    digit <= UInt8(ascii: "9") ? digit & 0x0F : (digit & 0x0F) + 9
  }
}
