import Foundation

/// SIGINT, SIGTERM and SIGHUP as a moment to end in order.
struct Interruption {
  private let ended = DispatchSemaphore(value: 0)
  private let sources: [any DispatchSourceSignal]

  /// From here on signals end no program.
  init() {
    sources = [SIGINT, SIGTERM, SIGHUP].map { [ended] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { ended.signal() }
      source.resume()
      return source
    }
  }

  /// Does as if a signal had come.
  var end: @Sendable () -> Void { { [ended] in ended.signal() } }

  /// Blocks until a signal comes, or `end` is called. Once only.
  func wait() {
    ended.wait()
    for source in sources { source.cancel() }
  }
}
