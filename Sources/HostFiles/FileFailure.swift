import Foundation

/// The operating system refused something about a file or a folder.
public struct FileFailure: Error, Equatable, Sendable, CustomStringConvertible {
  /// What was to be done.
  public enum Attempt: String, Sendable {
    case read, write, make, remove, rename, lock, use

    /// For "cannot be …".
    public var participle: String {
      switch self {
      case .read: "read"
      case .write: "written"
      case .make: "made"
      case .remove: "removed"
      case .rename: "renamed"
      case .lock: "locked"
      case .use: "used"
      }
    }

    /// For "… FILE".
    public var gerund: String {
      switch self {
      case .read: "reading"
      case .write: "writing"
      case .make: "making"
      case .remove: "removing"
      case .rename: "renaming"
      case .lock: "locking"
      case .use: "using"
      }
    }
  }

  /// The file or folder.
  public let path: String
  /// What was to be done with it.
  public let attempt: Attempt
  /// The value of `errno`; 0 where the reason is ours.
  public let code: Int32
  /// Why not: the system's words, or ours.
  public let reason: String

  /// A refusal of the system's.
  public init(_ path: String, _ attempt: Attempt, code: Int32) {
    self.path = path
    self.attempt = attempt
    self.code = code
    reason = SystemReason.text(code)
  }

  /// A refusal of ours.
  public init(_ path: String, _ attempt: Attempt, reason: String) {
    self.path = path
    self.attempt = attempt
    code = 0
    self.reason = reason
  }

  /// "FILE cannot be written: No space left on device".
  public var description: String { "\(path) cannot be \(attempt.participle): \(reason)" }
}
