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
    show()
  }

  /// One more is done.
  func advance() {
    done.withLock { $0 += 1 }
    show()
  }

  /// What is being done.
  func show(_ activity: String = "") {
    let done = done.withLock { $0 }
    guard isShown, done < total else { return }
    Console.write("\r\u{1B}[K\(done) of \(total) … \(activity)", to: .standardError)
  }

  /// Makes room for other output.
  func clear() { if isShown { Console.write("\r\u{1B}[K", to: .standardError) } }
}
