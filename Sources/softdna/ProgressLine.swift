import Foundation
import Synchronization

/// "12 of 60" at the bottom of a terminal; silent where nobody looks (CI, a pipe).
final class ProgressLine: Sendable {
  private let total: Int
  private let done = Mutex(0)
  private let isShown: Bool

  init(total: Int) {
    self.total = total
    isShown =
      isatty(STDERR_FILENO) == 1 && ProcessInfo.processInfo.environment["CI"] == nil && total > 1
    show(0)
  }

  /// One more is done.
  func advance() {
    show(
      done.withLock { done in
        done += 1
        return done
      })
  }

  /// Makes room for other output.
  func clear() { if isShown { Console.write("\r\u{1B}[K", to: .standardError) } }

  private func show(_ done: Int) {
    guard isShown, done < total else { return }
    Console.write("\r\u{1B}[K\(done) of \(total) …", to: .standardError)
  }
}
