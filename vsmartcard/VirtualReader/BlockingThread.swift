internal import Glibc

/// A thread of its own for work that blocks in system calls: the latency path has no scheduler
/// between the wire and the card.
final class BlockingThread: Sendable {
  private let thread: pthread_t

  private final class Body {
    let name: StaticString
    let run: @Sendable () -> Void

    init(name: StaticString, _ run: @escaping @Sendable () -> Void) {
      self.name = name
      self.run = run
    }

    /// The thread's name for `ps -L` and debuggers; no harm where there is no /proc.
    func announce() {
      let descriptor = open("/proc/thread-self/comm", O_WRONLY | O_CLOEXEC)
      guard descriptor >= 0 else { return }
      _ = write(descriptor, name.utf8Start, name.utf8CodeUnitCount)
      close(descriptor)
    }
  }

  /// Starts a thread that runs `body` and ends; its name has up to 15 bytes.
  init(
    name: StaticString, _ body: @escaping @Sendable () -> Void
  ) throws(VirtualReaderError) {
    var thread = pthread_t()
    let unmanaged = Unmanaged.passRetained(Body(name: name, body))
    let code = pthread_create(
      &thread, nil,
      { argument in
        if let argument {
          let body = Unmanaged<Body>.fromOpaque(argument).takeRetainedValue()
          body.announce()
          body.run()
        }
        return nil
      }, unmanaged.toOpaque())
    guard code == 0 else {
      unmanaged.release()
      throw VirtualReaderError("start the thread \(name)", errno: code)
    }
    self.thread = thread
  }

  /// Whether the caller runs on this thread.
  var isCurrent: Bool { pthread_equal(pthread_self(), thread) != 0 }

  /// Waits until the thread has ended; once only.
  func join() { pthread_join(thread, nil) }
}
