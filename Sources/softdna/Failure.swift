import Authority
import Foundation
import HostFiles
import Issuance
import TokenHost
import Traces

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
  ///
  /// - Parameter status: what it is where a card, a scenario or the authority's rules refused. Where
  ///   the machine is to blame it is 2.
  init(_ error: any Error, status: Int32 = 2) {
    self.init(
      SystemReason.sentence(of: error), status: Self.isEnvironments(error) ? 2 : status)
  }

  /// Files, disks and libraries are to blame.
  static func isEnvironments(_ error: any Error) -> Bool {
    switch error {
    case is FileFailure, is TraceError, is InputFile.Problem: true
    case let error as ImageError: !error.isDamage
    case let error as AuthorityError: error.isOfEnvironment
    case IssuanceError.authority(let error): error.isOfEnvironment
    default: SystemReason.isSystems(error)
    }
  }
}

/// Runs a body and turns what it throws into a failure. A database that cannot be read refuses
/// nobody: whatever `status` says, that is the environment's.
func failing<Value>(status: Int32 = 2, _ body: () throws -> Value) throws -> Value {
  do { return try body() } catch let failure as Failure { throw failure } catch {
    throw Failure(error, status: status)
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
