internal import Glibc

/// Something a thread waits for: a descriptor, a time, or both.
protocol EventSource: AnyObject {
  /// What is polled; -1 for a time alone.
  var descriptor: Int32 { get }
  /// What it is polled for: POLLIN, POLLOUT.
  var events: Int16 { get }
  /// How long until it wants to be called whatever happens; nil for ever.
  var timeLeft: Duration? { get }
  /// Called when there is one of `events` (POLLHUP and POLLERR come too), or with 0 when no time is
  /// left.
  func ready(_ events: Int16)
}

extension EventSource {
  var timeLeft: Duration? { nil }
}

/// The one wait of a thread, for everything it serves.
final class EventLoop {
  private var sources: [any EventSource] = []

  func add(_ source: any EventSource) { sources.append(source) }

  func remove(_ source: any EventSource) { sources.removeAll { $0 === source } }

  /// Runs `body` once, after a time; cancelled with what is answered.
  @discardableResult
  func after(_ delay: Duration, _ body: @escaping () -> Void) -> Alarm {
    let alarm = Alarm(at: .now + delay) { [unowned self] alarm in
      remove(alarm)
      body()
    }
    add(alarm)
    return alarm
  }

  /// Forgets an alarm that has not gone off.
  func cancel(_ alarm: inout Alarm?) {
    if let alarm { remove(alarm) }
    alarm = nil
  }

  /// Serves the sources as long as `condition` holds, which is asked after each round.
  func run(while condition: () -> Bool) {
    while condition() { turn() }
  }

  /// One wait and what comes of it.
  private func turn() {
    // Sources come and go while they are served.
    let round = sources
    var polled = round.map { pollfd(fd: $0.descriptor, events: $0.events, revents: 0) }
    // Asked once: a source may have to ask a library.
    let times = round.map(\.timeLeft)
    let began = ContinuousClock.now
    let timeout = times.compactMap(\.self).min()
    let milliseconds = timeout.map { Int32(clamping: $0.milliseconds) } ?? -1
    guard poll(&polled, nfds_t(polled.count), milliseconds) >= 0 || errno == EINTR else {
      // Only ENOMEM is left, as the array is ours.
      preconditionFailure("poll: \(Descriptor.lastError)")
    }
    let elapsed = began.duration(to: .now)
    for (index, source) in round.enumerated() {
      let isDue = times[index].map { $0 <= elapsed } ?? false
      guard polled[index].revents != 0 || isDue else { continue }
      if sources.contains(where: { $0 === source }) { source.ready(polled[index].revents) }
    }
  }
}

/// One moment an event loop waits for.
final class Alarm: EventSource {
  private let moment: ContinuousClock.Instant
  private let body: (Alarm) -> Void

  fileprivate init(at moment: ContinuousClock.Instant, _ body: @escaping (Alarm) -> Void) {
    self.moment = moment
    self.body = body
  }

  var descriptor: Int32 { -1 }
  var events: Int16 { 0 }
  var timeLeft: Duration? { ContinuousClock.Instant.now.duration(to: moment) }
  func ready(_ events: Int16) { body(self) }
}
