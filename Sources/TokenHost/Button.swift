import Foundation
import Synchronization

/// The token's button, as people outside press it: each press lets one operation pass that waits.
final class Button: Sendable {
  private let presses = DispatchSemaphore(value: 0)
  /// How long an operation waits.
  let patience: Duration

  /// A button that is waited for this long.
  init(patience: Duration) { self.patience = patience }

  /// Presses it: an operation that waits passes; without one, nothing happens.
  func press() {
    if waiting.withLock({ $0 > 0 }) { presses.signal() }
  }

  /// Waits for a press; false where none comes in time.
  func wait() -> Bool {
    waiting.withLock { $0 += 1 }
    let seconds = patience / .seconds(1)
    let isPressed = presses.wait(timeout: .now() + seconds) == .success
    waiting.withLock { $0 -= 1 }
    return isPressed
  }

  private let waiting = Mutex(0)
}
