import CCrypto

/// libcrypto refused an operation.
public struct CryptoError: Error, Sendable, CustomStringConvertible {
  /// What was attempted, in words.
  public let operation: String
  /// libcrypto's own code (ERR_get_error), 0 where it gave none.
  public let code: UInt

  /// A failure with the oldest code of libcrypto's error queue, which is emptied.
  public init(_ operation: String) {
    self.operation = operation
    code = ERR_get_error()
    ERR_clear_error()
  }

  /// One sentence with libcrypto's words for the code.
  public var description: String {
    guard code != 0 else { return "libcrypto could not \(operation)" }
    var text = [CChar](repeating: 0, count: 256)
    ERR_error_string_n(code, &text, text.count)
    let words = String(
      decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return "libcrypto could not \(operation): \(words)"
  }

  /// The pointer, or the error where it is nil.
  public static func require<Pointer>(_ pointer: Pointer?, _ operation: String)
    throws(CryptoError) -> Pointer
  {
    guard let pointer else { throw CryptoError(operation) }
    return pointer
  }

  /// Throws unless a libcrypto call answered a positive number.
  public static func check(_ result: Int32, _ operation: String) throws(CryptoError) {
    guard result > 0 else { throw CryptoError(operation) }
  }
}
