import Authority
import Foundation
import HostFiles

/// The date a token's world lives on, so many days from the machine's own, in a file that moves it
/// for everybody at once: for the authority of the state directory, and for a command that was
/// started with libfaketime, which reads the file at each question for the time.
///
/// A token has no clock: it sees none of it.
struct WorldClock: Sendable {
  /// The file; where there is none, the date is the machine's.
  let path: String

  /// The variable that tells softdna itself that the time it sees is moved already.
  private static let variable = "SOFTDNA_CLOCK"
  /// How far it goes: a century.
  static let furthest = 36_500

  /// Days from the machine's date.
  var days: Int {
    guard let bytes = try? InputFile.read(path, atMost: 100, patience: .seconds(1)) else {
      return 0
    }
    let text = String(decoding: bytes, as: UTF8.self)
    // What libfaketime reads: +30d.
    return Int(text.trimmingCharacters(in: CharacterSet(charactersIn: "+d\n"))) ?? 0
  }

  /// The date it shows.
  var today: Day { Day(Date()).adding(days: days) }

  /// The authority's time: this clock's, also when it moves. What softdna is told by an `exec` that
  /// moved its time is not moved twice.
  var authorityClock: AuthorityClock {
    if ProcessInfo.processInfo.environment[Self.variable] != nil { return .real }
    return .moved(byDays: { days })
  }

  /// Moves it, for who reads it at that moment the old date or the new.
  func set(days: Int) throws {
    guard days != 0 else {
      try HostFile.remove(path)
      return
    }
    let text = "\(days < 0 ? "" : "+")\(days)d\n"
    try HostFile.replace(path, with: Data(text.utf8))
  }

  /// What has a command, and all it starts, live on this date; exit status and all else stay its
  /// own.
  ///
  /// - Throws: where libfaketime is not installed.
  func environment() throws -> [String: String] {
    try failing { try HostClock(following: path) }.environment
      .merging([Self.variable: "moved"]) { $1 }
  }
}
