internal import Glibc
internal import HostFiles
internal import Synchronization

/// A user's command in the foreground of our terminal, as `env` or `xvfb-run` run one: with our
/// standard streams and in our process group, so that programs that use the terminal work.
///
/// While it runs, SIGINT and SIGQUIT are left to it (the terminal sends them to both of us), and
/// SIGTERM and SIGHUP are passed on to it; then what it has started ends with it. Where we are killed,
/// so are the command and what it has started. One command at a time.
public enum ForegroundCommand {
  /// The exit status where the command was found and is no program.
  public static let notExecutable: Int32 = 126
  /// The exit status where there is no such command.
  public static let notFound: Int32 = 127

  /// Runs a command and waits for it.
  ///
  /// - Parameters:
  ///   - arguments: The command, looked up in PATH where it has no slash, and its arguments.
  ///   - additions: Variables added to our own environment, in place of those of the same name.
  /// - Returns: Its exit status; 128 + n where signal n ended it; 127 where there is no such
  ///   command, 126 where it cannot be executed, with a line on standard error that says so.
  public static func run(_ arguments: [String], adding additions: [String: String]) -> Int32 {
    guard let command = arguments.first else { return notFound }
    return oneAtATime.withLock { _ in
      do throws(ChildProcess.StartFailure) {
        // Made first: what it does about signals is what comes back after the command.
        let family = try ProcessFamily()
        return try run(arguments, adding: additions, in: family)
      } catch {
        let reason = error.code == ENOENT ? "command not found" : SystemReason.text(error.code)
        let line = Array("softdna: \(command): \(reason)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        return error.code == ENOENT ? notFound : notExecutable
      }
    }
  }

  private static func run(
    _ arguments: [String], adding additions: [String: String], in family: ProcessFamily
  ) throws(ChildProcess.StartFailure) -> Int32 {
    let dispositions = Dispositions()
    defer { dispositions.restore() }
    var launch = ChildProcess.Launch(
      arguments: arguments, environment: environment(adding: additions))
    // One that was ignored when we started (nohup) stays ignored.
    launch.defaultSignals = dispositions.ignoredByUs
    let child = try family.start(launch).get()
    forward(to: child.identifier)
    let status = child.wait()
    receiver.store(0, ordering: .sequentiallyConsistent)
    // What it has started was to end, too; left to itself, it may be a daemon that goes on.
    if isTold.exchange(false, ordering: .sequentiallyConsistent) {
      family.end()
    } else {
      family.release()
    }
    return status
  }

  private static let oneAtATime = Mutex(())
  /// Who gets the signals; 0 while nobody does.
  private static let receiver = Atomic<pid_t>(0)
  /// A signal that came before there was anybody to get it.
  private static let early = Atomic<Int32>(0)
  /// The command was told to end.
  private static let isTold = Atomic<Bool>(false)

  private static func forward(to child: pid_t) {
    receiver.store(child, ordering: .sequentiallyConsistent)
    let signal = early.exchange(0, ordering: .sequentiallyConsistent)
    if signal != 0 { kill(child, signal) }
  }

  private static func environment(adding additions: [String: String]) -> [String] {
    var variables: [String] = []
    var next = environ
    while let entry = next.pointee {
      let variable = String(cString: entry)
      let name = variable.prefix { $0 != "=" }
      if additions[String(name)] == nil { variables.append(variable) }
      next += 1
    }
    return variables + additions.map { "\($0.key)=\($0.value)" }
  }

  /// What we did with the four signals before the command, to be done again after it.
  private struct Dispositions {
    private var saved: [(signal: Int32, action: sigaction)] = []
    private(set) var ignoredByUs: [Int32] = []

    init() {
      // Touched here so that the handler finds them made.
      receiver.store(0, ordering: .sequentiallyConsistent)
      early.store(0, ordering: .sequentiallyConsistent)
      isTold.store(false, ordering: .sequentiallyConsistent)
      for signal in [SIGINT, SIGQUIT] where replace(signal, by: SIG_IGN) {
        ignoredByUs.append(signal)
      }
      for signal in [SIGTERM, SIGHUP] {
        _ = replace(signal) { signal in
          isTold.store(true, ordering: .sequentiallyConsistent)
          let child = receiver.load(ordering: .sequentiallyConsistent)
          if child == 0 {
            early.store(signal, ordering: .sequentiallyConsistent)
          } else {
            kill(child, signal)
          }
        }
      }
    }

    func restore() {
      for (signal, action) in saved {
        var action = action
        sigaction(signal, &action, nil)
      }
    }

    /// - Returns: False where the signal was ignored, and still is.
    private mutating func replace(
      _ signal: Int32, by handler: @escaping @convention(c) (Int32) -> Void
    ) -> Bool {
      replace(signal, by: .some(handler))
    }

    private mutating func replace(_ signal: Int32, by handler: __sighandler_t?) -> Bool {
      var before = sigaction()
      sigaction(signal, nil, &before)
      guard !isIgnored(before) else { return false }
      saved.append((signal, before))
      var action = sigaction()
      action.__sigaction_handler.sa_handler = handler
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
      return true
    }
  }
}
