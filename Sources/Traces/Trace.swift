public import Foundation
public import ISO7816
public import Terminal

/// What went over a wire, from the first entry to the last.
public struct Trace: Equatable, Sendable {
  /// Which wire, and when.
  public var header: TraceHeader
  /// What happened, in order.
  public var entries: [TraceEntry]

  /// A trace from its parts.
  public init(header: TraceHeader, entries: [TraceEntry] = []) {
    self.header = header
    self.entries = entries
  }
}

/// Which wire a trace tells of, and when it began.
public struct TraceHeader: Equatable, Sendable {
  /// The version of the format this module writes and reads.
  public static let version = 1

  /// The name of the wire: "direct", "pcsc", a reader's name.
  public var channel: String
  /// The moment the entries' times count from.
  public var started: Date

  /// A header from its parts.
  public init(channel: String, started: Date = Date()) {
    self.channel = channel
    self.started = started
  }
}

/// One thing that happened on a wire.
public struct TraceEntry: Equatable, Sendable {
  /// When it began, in microseconds since the trace's start.
  public var time: Int
  /// How long it took, in microseconds; nil where nobody measured it.
  public var duration: Int?
  /// What happened.
  public var event: TraceEvent

  /// An entry from its parts.
  public init(time: Int, duration: Int? = nil, event: TraceEvent) {
    self.time = time
    self.duration = duration
    self.event = event
  }
}

/// What can happen on a wire.
public enum TraceEvent: Equatable, Sendable {
  /// Power was applied and the card answered; the ATR is nil where the source does not tell it.
  case powerOn(ATR?)
  /// Warm reset.
  case reset(ATR?)
  /// Power was taken away.
  case powerOff
  /// A command and its answer. `redacted` says which bytes of the command stand for a secret that
  /// was left out: they are zero.
  case exchange(Exchange, redacted: Range<Int>?)
  /// The wire gave no answer; the command is empty where power was being applied. The same bytes
  /// may be left out of it.
  case failure(command: [UInt8], redacted: Range<Int>?, reason: String)
}

/// Why a trace, or a log of another program, cannot be read or written.
public struct TraceError: Error, Equatable, Sendable, CustomStringConvertible {
  /// The file, or what stands for it.
  public let source: String
  /// The line, from 1; nil where the whole file is meant.
  public let line: Int?
  /// What is wrong with it.
  public let reason: String

  /// An error at a place.
  public init(_ source: String, line: Int? = nil, reason: String) {
    self.source = source
    self.line = line
    self.reason = reason
  }

  /// One sentence with everything in it.
  public var description: String {
    line.map { "\(source):\($0): \(reason)" } ?? "\(source): \(reason)"
  }
}
