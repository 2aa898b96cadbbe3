import Foundation

/// The operating system's own words.
enum SystemError {
  /// What `errno` value `code` means.
  static func text(_ code: Int32) -> String { String(cString: strerror(code)) }
}
