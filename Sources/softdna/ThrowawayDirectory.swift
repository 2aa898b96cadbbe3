import Foundation

/// A path for a directory of one run, taken away at its end: also where Ctrl-C, SIGTERM or SIGHUP
/// is what ends it. It holds private keys and PINs.
final class ThrowawayDirectory {
  let path = NSTemporaryDirectory() + "softdna-" + UUID().uuidString
  private var sources: [any DispatchSourceSignal] = []

  init() { guardIt() }

  /// Lets a command have the signals while it is in the foreground.
  func leavingSignals(to body: () -> Int32) -> Int32 {
    unguard()
    defer { guardIt() }
    return body()
  }

  func remove() {
    Self.remove(path)
    unguard()
  }

  private func guardIt() {
    sources = [SIGINT, SIGTERM, SIGHUP].compactMap { [path] number in
      var before = sigaction()
      sigaction(number, nil, &before)
      let isIgnored =
        unsafeBitCast(before.__sigaction_handler.sa_handler, to: Int.self)
        == unsafeBitCast(SIG_IGN, to: Int.self)
      // One that was ignored when we started (nohup) stays ignored.
      guard !isIgnored else { return nil }
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler {
        Self.remove(path)
        signal(number, SIG_DFL)
        kill(getpid(), number)
      }
      source.resume()
      return source
    }
  }

  private func unguard() {
    for source in sources {
      source.cancel()
      signal(Int32(source.handle), SIG_DFL)
    }
    sources = []
  }

  /// Renamed first: who is writing in it does not find it any more. Who was just about to make a file
  /// in it has done so by the second try.
  private static func remove(_ path: String) {
    let removed = path + ".removed"
    rename(path, removed)
    for _ in 0..<100 where access(removed, F_OK) == 0 {
      try? FileManager.default.removeItem(atPath: removed)
    }
  }
}
