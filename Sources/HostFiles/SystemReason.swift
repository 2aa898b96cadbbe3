import Foundation

/// The operating system's reasons, in its own words.
public enum SystemReason {
  /// What a value of `errno` means: "No such file or directory".
  public static func text(_ code: Int32) -> String {
    // strerror may share its buffer among threads.
    var buffer = [CChar](repeating: 0, count: 256)
    guard strerror_r(code, &buffer, buffer.count) == 0 else { return "error \(code)" }
    return String(decoding: buffer.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
  }

  /// The reason inside an error of any kind. Foundation wraps `errno` in errors that do not print as
  /// sentences; other errors are sentences already.
  public static func text(of error: any Error) -> String {
    if let failure = error as? FileFailure { return failure.reason }
    let wrapped = error as NSError
    switch wrapped.domain {
    case NSPOSIXErrorDomain: return text(Int32(wrapped.code))
    case NSCocoaErrorDomain:
      if let inner = wrapped.userInfo[NSUnderlyingErrorKey] as? any Error { return text(of: inner) }
      return code(ofCocoaError: wrapped.code).map(text) ?? wrapped.localizedDescription
    default: return "\(error)"
    }
  }

  /// Foundation says what the system did.
  public static func isSystems(_ error: any Error) -> Bool {
    [NSCocoaErrorDomain, NSPOSIXErrorDomain].contains((error as NSError).domain)
  }

  /// One sentence for an error: the file in front where Foundation knows which one it was.
  public static func sentence(of error: any Error) -> String {
    guard isSystems(error) else { return "\(error)" }
    let wrapped = error as NSError
    let path = wrapped.userInfo[NSFilePathErrorKey] as? String
    let url = wrapped.userInfo[NSURLErrorKey] as? URL
    return ((path ?? url?.path).map { "\($0): " } ?? "") + text(of: error)
  }

  /// The `errno` that Foundation has put a number of its own in place of.
  private static func code(ofCocoaError number: Int) -> Int32? {
    switch CocoaError.Code(rawValue: number) {
    case .fileNoSuchFile, .fileReadNoSuchFile: ENOENT
    case .fileReadNoPermission, .fileWriteNoPermission: EACCES
    case .fileWriteOutOfSpace: ENOSPC
    case .fileWriteVolumeReadOnly: EROFS
    case .fileWriteFileExists: EEXIST
    case .fileReadInvalidFileName, .fileWriteInvalidFileName: EINVAL
    case .fileReadTooLarge: EFBIG
    case .fileReadUnknown, .fileWriteUnknown, .fileReadCorruptFile: EIO
    default: nil
    }
  }
}
