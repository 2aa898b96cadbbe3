internal import Glibc
internal import HostProcesses

/// Another program's card in a reader: the C card without logic, or vsmartcard's vicc.
///
/// It connects to vpcd by itself. It ends with this object and with ``stop()``; its card is out of
/// the reader then.
public final class CardProgram: Sendable {
  private let child: Monitor<ChildProcess?>
  private let family: ProcessFamily

  /// Starts a program that plugs a card into vpcd.
  ///
  /// - Parameter arguments: the program, looked up in the system's folders where its name has no
  ///   slash, and what it takes to find vpcd's port.
  /// - Throws: where it cannot be started.
  public init(_ arguments: [String]) throws(VirtualReaderError) {
    let attempt = "start the card \(arguments.first ?? "")"
    let nothing = open("/dev/null", O_RDWR | O_CLOEXEC)
    guard nothing >= 0 else { throw VirtualReaderError(attempt, errno: errno) }
    defer { close(nothing) }
    var launch = ChildProcess.Launch(
      arguments: arguments,
      environment: ["PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C"])
    launch.input = nothing
    launch.output = nothing
    launch.isDetached = true
    do throws(ChildProcess.StartFailure) {
      family = try ProcessFamily()
      child = Monitor(try family.start(launch).get())
    } catch {
      throw VirtualReaderError(attempt, errno: error.code)
    }
  }

  deinit { stop() }

  /// Ends the program; when this returns, it is gone.
  public func stop() {
    child.update { child in
      guard let running = child else { return }
      kill(running.identifier, SIGTERM)
      running.wait(killingAfter: .seconds(2))
      child = nil
    }
    family.end()
  }
}
