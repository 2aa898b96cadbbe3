import Authority
import Foundation
import Issuance

/// Why a command ends early: a sentence for people and an exit status for scripts.
struct Failure: Error, CustomStringConvertible {
  /// What was wrong and what to do.
  let message: String
  /// 1 where a card or a scenario failed, 2 where usage or environment is to blame.
  let status: Int32

  var description: String { message }

  init(_ message: String, status: Int32 = 2) {
    self.message = message
    self.status = status
  }

  /// Wraps whatever a module threw; every module's errors are sentences.
  init(_ error: any Error, status: Int32 = 2) {
    guard let error = error as? CocoaError else {
      self.init("\(error)", status: status)
      return
    }
    let path = error.filePath ?? error.url?.path
    self.init(
      (path.map { "\($0): " } ?? "") + Self.reason(of: error), status: status)
  }

  /// What the system says of an error: "No such file or directory".
  static func reason(of number: Int32) -> String { String(cString: strerror(number)) }

  /// The same of an error that Foundation has wrapped.
  static func reason(of error: any Error) -> String {
    let error = error as NSError
    if error.domain == NSPOSIXErrorDomain { return reason(of: Int32(error.code)) }
    guard let inner = error.userInfo[NSUnderlyingErrorKey] as? any Error else {
      return error.localizedDescription
    }
    return reason(of: inner)
  }
}

/// Runs a body and turns what it throws into a failure. A database that cannot be read refuses
/// nobody: whatever `status` says, that is the environment's.
func failing<Value>(status: Int32 = 2, _ body: () throws -> Value) throws -> Value {
  do { return try body() } catch let failure as Failure { throw failure } catch {
    throw Failure(error, status: isOfEnvironment(error) ? 2 : status)
  }
}

/// Whether an error of the authority, also where a card was being issued, is the machine's.
private func isOfEnvironment(_ error: any Error) -> Bool {
  switch error {
  case let error as AuthorityError: error.isOfEnvironment
  case IssuanceError.authority(let error): error.isOfEnvironment
  default: false
  }
}

/// What goes to the user's terminal, coloured only where it is one.
enum Console {
  /// The two streams.
  enum Stream {
    case standardOutput
    case standardError

    var handle: FileHandle {
      switch self {
      case .standardOutput: .standardOutput
      case .standardError: .standardError
      }
    }

    /// A person looks at it, and did not ask for plain text (NO_COLOR).
    var isColoured: Bool {
      switch self {
      case .standardOutput: Self.outputIsColoured
      case .standardError: Self.errorIsColoured
      }
    }

    // Asked once: a trace of a million entries paints some millions of words.
    private static let outputIsColoured = isColoured(STDOUT_FILENO)
    private static let errorIsColoured = isColoured(STDERR_FILENO)

    private static func isColoured(_ descriptor: Int32) -> Bool {
      isatty(descriptor) == 1 && ProcessInfo.processInfo.environment["NO_COLOR"] == nil
    }
  }

  /// SGR colours.
  enum Colour: String {
    case red = "31"
    case green = "32"
    case yellow = "33"
    case dim = "2"
    case bold = "1"
  }

  static func write(_ text: String, to stream: Stream = .standardOutput) {
    try? stream.handle.write(contentsOf: Data(text.utf8))
  }

  static func print(_ line: String) { write(line + "\n") }

  /// A note about what is going on; not part of the result.
  static func note(_ line: String) { write(line + "\n", to: .standardError) }

  static func error(_ message: String) {
    write(paint("softdna: ", .red, on: .standardError) + message + "\n", to: .standardError)
  }

  static func paint(_ text: String, _ colour: Colour, on stream: Stream = .standardOutput)
    -> String
  {
    stream.isColoured ? "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m" : text
  }
}
