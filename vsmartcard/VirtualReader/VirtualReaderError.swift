internal import Glibc

/// Why the virtual reader, or the private world around it, cannot do what was asked.
public struct VirtualReaderError: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was attempted, in words: "connect to the virtual reader at 127.0.0.1:35963".
  public let attempt: String
  /// What went wrong, in the words of the layer below.
  public let reason: String
  /// The errno or exit status of the layer below, 0 where it has none.
  public let code: Int
  /// What the reader of the message can do about it; empty where nothing is known to help.
  public let advice: String

  /// A failure of `attempt` with the words of the layer below and what to do about it.
  public init(_ attempt: String, reason: String, code: Int = 0, advice: String = "") {
    self.attempt = attempt
    self.reason = reason
    self.code = code
    self.advice = advice
  }

  /// A failure of a system call, with errno's own words.
  init(_ attempt: String, errno code: Int32, advice: String = "") {
    self.init(attempt, reason: systemText(code), code: Int(code), advice: advice)
  }

  /// One sentence with what failed and why, and one with what to do.
  public var description: String {
    "cannot \(attempt): \(reason)" + (advice.isEmpty ? "" : ". \(advice)")
  }
}

/// errno's words for a code.
func systemText(_ code: Int32) -> String {
  var buffer = [CChar](repeating: 0, count: 256)
  guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
  return text(of: buffer)
}

/// The text in front of the first zero byte.
func text(of buffer: [CChar]) -> String {
  String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
