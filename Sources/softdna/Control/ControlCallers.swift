import Foundation
import Synchronization

/// The connections of a control socket, each served by a thread. There are so many at most; for one
/// more, the one that has been silent longest is closed.
final class ControlCallers: Sendable {
  /// Connections at a time.
  static let most = 32
  /// Bytes of a request, the end of its line not counted, and the time it may take to come.
  static let longestRequest = 65_535
  static let patience = Duration.seconds(10)

  private let token: ControlledToken
  private let connections = Mutex(Connections())

  private struct Connections {
    var open: [Int32: Connection] = [:]
    var isEnding = false
  }

  private struct Connection {
    var silentSince = ContinuousClock.now
    var isAtWork = false
  }

  init(_ token: ControlledToken) { self.token = token }

  /// Takes callers until the listening socket is shut down.
  func accept(from descriptor: Int32) {
    while true {
      let peer = Foundation.accept(descriptor, nil, nil)
      guard peer >= 0 else {
        // Shut down: the token is going away.
        if errno == EINVAL || errno == EBADF { return }
        // A caller that went away, or no descriptors left for a while.
        usleep(10_000)
        continue
      }
      _ = fcntl(peer, F_SETFD, FD_CLOEXEC)
      guard admit(peer) else {
        let lines = ControlLines(descriptor: peer, limit: 0, patience: .seconds(1))
        _ = lines.send(
          ControlAnswer.refusal("refused", "\(Self.most) programs are being served; try again").line
        )
        close(peer)
        continue
      }
      Thread.detachNewThread { self.serve(peer) }
    }
  }

  /// Closes all connections.
  func end() {
    connections.withLock { connections in
      connections.isEnding = true
      for peer in connections.open.keys { shutdown(peer, Int32(SHUT_RDWR)) }
    }
  }

  /// Makes room for one more; false where all the others are at work.
  private func admit(_ peer: Int32) -> Bool {
    for _ in 0..<100 {
      let isIn = connections.withLock { connections in
        guard !connections.isEnding, connections.open.count >= Self.most else {
          connections.open[peer] = Connection()
          return true
        }
        let silent = connections.open.filter { !$0.value.isAtWork }
        if let oldest = silent.min(by: { $0.value.silentSince < $1.value.silentSince }) {
          shutdown(oldest.key, Int32(SHUT_RDWR))
          // Not chosen twice.
          connections.open[oldest.key]?.isAtWork = true
        }
        return false
      }
      if isIn { return true }
      usleep(1000)
    }
    return false
  }

  private func note(_ peer: Int32, isAtWork: Bool) {
    connections.withLock {
      $0.open[peer] = Connection(silentSince: .now, isAtWork: isAtWork)
    }
  }

  private func serve(_ peer: Int32) {
    defer {
      connections.withLock { connections in
        connections.open[peer] = nil
        close(peer)
      }
    }
    if connections.withLock({ $0.isEnding }) { return }
    var lines = ControlLines(
      descriptor: peer, limit: Self.longestRequest, patience: Self.patience)
    do throws(ControlLines.Problem) {
      while let line = try lines.next(began: { note(peer, isAtWork: true) }) {
        guard lines.send(ControlAnswer.answer(to: Data(line), token).line) else { return }
        note(peer, isAtWork: false)
      }
    } catch {
      let reason =
        switch error {
        case .tooLong: "a request has less than \(Self.longestRequest + 1) bytes"
        case .tooSlow: "a request that has begun comes within \(Self.patience.components.seconds) s"
        case .unfinished: "a request ends with the end of its line; the connection ended before"
        }
      _ = lines.send(ControlAnswer.refusal("usage", reason).line)
    }
  }
}
