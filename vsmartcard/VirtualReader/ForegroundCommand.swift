internal import Glibc
internal import Synchronization

/// A user's command in the foreground of our terminal, as `env` or `xvfb-run` run one: with our
/// standard streams and in our process group, so that programs that use the terminal work.
///
/// While it runs, SIGINT and SIGQUIT are left to it (the terminal sends them to both of us), and
/// SIGTERM and SIGHUP are passed on to it. One command at a time.
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
      let dispositions = Dispositions()
      defer { dispositions.restore() }
      let started = ChildProcess.start(
        ChildProcess.Launch(
          arguments: arguments, environment: environment(adding: additions),
          // One that was ignored when we started (nohup) stays ignored.
          defaultSignals: dispositions.ignoredByUs))
      switch started {
      case .success(let child):
        forward(to: child.identifier)
        let status = child.wait()
        receiver.store(0, ordering: .sequentiallyConsistent)
        return status
      case .failure(let failure):
        let reason = failure.code == ENOENT ? "command not found" : systemText(failure.code)
        let line = Array("softdna: \(command): \(reason)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
        return failure.code == ENOENT ? notFound : notExecutable
      }
    }
  }

  private static let oneAtATime = Mutex(())
  /// Who gets the signals; 0 while nobody does.
  private static let receiver = Atomic<pid_t>(0)
  /// A signal that came before there was anybody to get it.
  private static let early = Atomic<Int32>(0)

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
      for signal in [SIGINT, SIGQUIT] where replace(signal, by: SIG_IGN) {
        ignoredByUs.append(signal)
      }
      for signal in [SIGTERM, SIGHUP] {
        _ = replace(signal) { signal in
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
      guard !isIgnored(before.__sigaction_handler.sa_handler) else { return false }
      saved.append((signal, before))
      var action = sigaction()
      action.__sigaction_handler.sa_handler = handler
      action.sa_flags = SA_RESTART
      sigaction(signal, &action, nil)
      return true
    }

    private func isIgnored(_ handler: __sighandler_t?) -> Bool {
      unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
    }
  }
}

extension PrivateWorld {
  /// Runs a command in this world, in the foreground of our terminal, and waits for it; see
  /// ``ForegroundCommand``.
  ///
  /// - Parameter additions: Variables added to our environment beside those of the world.
  /// - Returns: Its exit status; 128 + n for signal n, 127 not found, 126 not executable.
  public func run(_ arguments: [String], environment additions: [String: String] = [:]) -> Int32 {
    ForegroundCommand.run(
      arguments, adding: additions.merging(environment) { _, world in world })
  }
}
