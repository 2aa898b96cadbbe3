import Foundation
import Synchronization

/// The token's button, as people outside press it: each press lets one operation pass that waits.
final class Button: Sendable {
  private struct State {
    /// Operations that wait, the longest first.
    var waiting: [DispatchSemaphore] = []
    /// Presses of somebody who holds a finger ready.
    var ready = 0
  }

  private let state = Mutex(State())
  /// How long an operation waits.
  let patience: Duration

  /// A button that is waited for this long.
  init(patience: Duration) { self.patience = patience }

  /// Presses it: the operation that waits longest passes; without one, nothing happens. A press is
  /// never kept for an operation that comes later.
  func press() {
    state.withLock { if !$0.waiting.isEmpty { $0.waiting.removeFirst().signal() } }
  }

  /// Presses it for the operation that waits longest; without one, as soon as the next asks.
  func pressWhenAsked() {
    state.withLock { state in
      if state.waiting.isEmpty {
        state.ready += 1
      } else {
        state.waiting.removeFirst().signal()
      }
    }
  }

  /// An operation waits.
  var isAwaited: Bool { state.withLock { !$0.waiting.isEmpty } }

  /// Waits for a press; false where none comes in time.
  func wait() -> Bool {
    let operation = DispatchSemaphore(value: 0)
    let isPressed = state.withLock { state in
      guard state.ready > 0 else {
        state.waiting.append(operation)
        return false
      }
      state.ready -= 1
      return true
    }
    if isPressed { return true }
    if operation.wait(timeout: .now() + patience / .seconds(1)) == .success { return true }
    // Who is not in the list any more was pressed for at the last moment.
    return state.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0 === operation }) else { return true }
      state.waiting.remove(at: index)
      return false
    }
  }
}
