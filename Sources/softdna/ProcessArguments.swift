import Foundation

/// What softdna was called with.
enum ProcessArguments {
  /// The program's name and what follows.
  ///
  /// Swift looks beside the environment, and finds nothing where somebody has moved that before Swift
  /// was there: libfaketime does, unless a process before has, as in
  /// `softdna exec --date D -- softdna …`. The kernel knows them too.
  static let all: [String] = {
    guard CommandLine.arguments.isEmpty,
      let text = FileManager.default.contents(atPath: "/proc/self/cmdline")
    else { return CommandLine.arguments }
    return text.split(separator: 0, omittingEmptySubsequences: false).dropLast()
      .map { String(decoding: $0, as: UTF8.self) }
  }()
}
