import Foundation
import Synchronization

/// What must be done before SIGINT, SIGTERM or SIGHUP ends this process: children ended, folders with
/// keys removed. The process then ends by that signal, as its shell expects (130, 143, 129).
///
/// A signal that was ignored when the process started (nohup) stays ignored. `ForegroundCommand` and
/// whoever handles the signals otherwise take them over for as long as they need them.
public enum Ending {
  /// Something to be done; it is kept until it is given back.
  public struct Ticket: Equatable, Sendable {
    fileprivate let number: Int
  }

  private struct State {
    var next = 0
    var bodies: [Int: @Sendable () -> Void] = [:]
    var isListening = false
  }

  /// Held from the signal to the end of the process: who wants to make or remove something then
  /// waits here, and makes nothing more.
  private static let state = Mutex(State())
  /// Where the signal handler leaves the signal's number; -1 before there is such a pipe.
  private static let pipeEnd = Atomic<Int32>(-1)

  /// Has a body run when a signal ends the process, those that came last first. It may run beside
  /// what it undoes and must not call `Ending`.
  public static func add(_ body: @escaping @Sendable () -> Void) -> Ticket {
    state.withLock { state in
      if !state.isListening { state.isListening = listen() }
      state.next += 1
      state.bodies[state.next] = body
      return Ticket(number: state.next)
    }
  }

  /// It is done already. Called afterwards: a signal may come in between.
  public static func remove(_ ticket: Ticket) {
    _ = state.withLock { $0.bodies.removeValue(forKey: ticket.number) }
  }

  private static func listen() -> Bool {
    var ends: [Int32] = [-1, -1]
    guard pipe(&ends) == 0 else { return false }
    for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
    pipeEnd.store(ends[1], ordering: .sequentiallyConsistent)
    let input = ends[0]
    Thread.detachNewThread {
      var number: UInt8 = 0
      while read(input, &number, 1) != 1 {}
      end(by: Int32(number))
    }
    for signal in [SIGINT, SIGTERM, SIGHUP] {
      var before = sigaction()
      sigaction(signal, nil, &before)
      guard !isIgnored(before) else { continue }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = { Ending.pass($0) }
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
    }
    return true
  }

  /// The signal handler: no more than is allowed there.
  private static func pass(_ signal: Int32) {
    let saved = errno
    var number = UInt8(signal)
    _ = write(pipeEnd.load(ordering: .sequentiallyConsistent), &number, 1)
    errno = saved
  }

  private static func end(by signal: Int32) -> Never {
    state.withLock { state in
      for (_, body) in state.bodies.sorted(by: { $0.key > $1.key }) { body() }
      var action = sigaction()
      action.__sigaction_handler.sa_handler = SIG_DFL
      sigaction(signal, &action, nil)
      var signals = sigset_t()
      sigemptyset(&signals)
      sigaddset(&signals, signal)
      pthread_sigmask(SIG_UNBLOCK, &signals, nil)
      kill(getpid(), signal)
      while true { pause() }
    }
  }
}

/// Whether a signal has been ignored since before this process was started.
func isIgnored(_ action: sigaction) -> Bool {
  unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    == unsafeBitCast(SIG_IGN, to: Int.self)
}
