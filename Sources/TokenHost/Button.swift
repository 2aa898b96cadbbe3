import Foundation
import Synchronization

/// The token's button, as people outside press it: each press lets one operation pass that waits.
final class Button: Sendable {
  /// Operations that wait, the longest first.
  private let waiting = Mutex<[DispatchSemaphore]>([])
  /// How long an operation waits.
  let patience: Duration

  /// A button that is waited for this long.
  init(patience: Duration) { self.patience = patience }

  /// Presses it: the operation that waits longest passes; without one, nothing happens. A press is
  /// never kept for an operation that comes later.
  func press() {
    let operation = waiting.withLock { $0.isEmpty ? nil : $0.removeFirst() }
    operation?.signal()
  }

  /// An operation waits.
  var isAwaited: Bool { waiting.withLock { !$0.isEmpty } }

  /// Waits for a press; false where none comes in time.
  func wait() -> Bool {
    let operation = DispatchSemaphore(value: 0)
    waiting.withLock { $0.append(operation) }
    if operation.wait(timeout: .now() + patience / .seconds(1)) == .success { return true }
    // Who is not in the list any more was pressed for at the last moment.
    return waiting.withLock { waiting in
      guard let index = waiting.firstIndex(where: { $0 === operation }) else { return true }
      waiting.remove(at: index)
      return false
    }
  }
}
