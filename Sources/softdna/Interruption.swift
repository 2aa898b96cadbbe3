import Foundation

/// SIGINT, SIGTERM and SIGHUP as a moment to end in order.
final class Interruption: Sendable {
  private let ended = DispatchSemaphore(value: 0)
  private let sources: [any DispatchSourceSignal]

  /// Signals no longer end the process from now on.
  init() {
    sources = [SIGINT, SIGTERM, SIGHUP].map { [ended] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { ended.signal() }
      source.resume()
      return source
    }
  }

  deinit { for source in sources { source.cancel() } }

  /// As if a signal had come.
  func end() { ended.signal() }

  /// Blocks until a signal comes, or `end` is called.
  func wait() { ended.wait() }
}
