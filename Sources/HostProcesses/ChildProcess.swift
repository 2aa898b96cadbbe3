internal import Glibc
internal import HostFiles

/// A program started by `posix_spawn` and waited for by its own id.
public struct ChildProcess: Sendable {
  /// Its process id, ours until it was waited for.
  public let identifier: Int32

  /// How a child is started.
  public struct Launch: Sendable {
    /// The program and its arguments.
    public var arguments: [String]
    /// `NAME=value`, all of it.
    public var environment: [String]
    /// What becomes its standard input; nil keeps ours.
    public var input: Int32?
    /// What becomes its standard output and error; nil keeps ours.
    public var output: Int32?
    /// A session of its own: signals from our terminal do not reach it.
    public var isDetached = false
    /// Signals it gets with their default action even while we ignore them.
    public var defaultSignals: [Int32] = []

    /// A program with these arguments and variables, the rest as ours.
    public init(arguments: [String], environment: [String]) {
      self.arguments = arguments
      self.environment = environment
    }
  }

  /// Starts a program, looked up in PATH where its name has no slash.
  ///
  /// - Returns: The child, or the errno that stopped it from starting.
  public static func start(_ launch: Launch) -> Result<ChildProcess, StartFailure> {
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    if let input = launch.input { posix_spawn_file_actions_adddup2(&actions, input, 0) }
    if let output = launch.output {
      posix_spawn_file_actions_adddup2(&actions, output, 1)
      posix_spawn_file_actions_adddup2(&actions, output, 2)
    }
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    var signals = sigset_t()
    sigemptyset(&signals)
    for signal in launch.defaultSignals { sigaddset(&signals, signal) }
    posix_spawnattr_setsigdefault(&attributes, &signals)
    // The threads of an async program block signals; a child must not inherit that.
    sigemptyset(&signals)
    posix_spawnattr_setsigmask(&attributes, &signals)
    // POSIX_SPAWN_SETSID, which the Glibc module does not show.
    let detached: Int16 = launch.isDetached ? 0x80 : 0
    posix_spawnattr_setflags(
      &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK) | detached)

    var arguments = launch.arguments.map { strdup($0) } + [nil]
    var environment = launch.environment.map { strdup($0) } + [nil]
    defer { for text in arguments + environment { free(text) } }
    var identifier: pid_t = 0
    let code = posix_spawnp(
      &identifier, launch.arguments.first ?? "", &actions, &attributes, &arguments, &environment)
    return code == 0
      ? .success(ChildProcess(identifier: identifier)) : .failure(StartFailure(code: code))
  }

  /// The errno of a program that could not be started.
  public struct StartFailure: Error, Equatable, CustomStringConvertible {
    /// The errno.
    public let code: Int32
    /// In the system's words.
    public var description: String { SystemReason.text(code) }
  }

  /// The exit status, 128 + n for signal n; nil while it runs.
  public func statusIfEnded() -> Int32? { wait(WNOHANG) }

  /// Blocks until the child has ended; answers its exit status, 128 + n for signal n.
  @discardableResult
  public func wait() -> Int32 { wait(0) ?? 255 }

  /// Blocks until the child has ended, and kills it where that takes longer than `timeout`.
  public func wait(killingAfter timeout: Duration) {
    let deadline = ContinuousClock.now + timeout
    while statusIfEnded() == nil {
      if ContinuousClock.now >= deadline {
        kill(identifier, SIGKILL)
        _ = wait()
        return
      }
      usleep(1000)
    }
  }

  private func wait(_ options: Int32) -> Int32? {
    var status: Int32 = 0
    while true {
      let ended = waitpid(identifier, &status, options)
      if ended == 0 { return nil }
      if ended == identifier { break }
      // Somebody else has waited for it: gone all the same.
      if errno != EINTR { return 255 }
    }
    let signal = status & 0x7F
    return signal == 0 ? status >> 8 & 0xFF : 128 + signal
  }
}
