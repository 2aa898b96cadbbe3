internal import Glibc
internal import HostProcesses

/// pcscd in namespaces of its own, tied to this process by a leash.
///
/// `unshare` gives it a mount namespace, so that its `/run/pcscd` is ours, and a process
/// namespace, so that the kernel ends it with the shell that keeps it. The shell reads a socket
/// whose other end only this process has: when that closes, for whatever reason, it takes
/// everything down. Should the shell itself be killed, `--kill-child` and the process namespace do the rest.
final class WorldProcess: Sendable {
  let directory: WorldDirectory
  let port: UInt16
  private let ports: PortPair
  private let child: ChildProcess
  /// Our end of the leash; nil once the world was told to end.
  private let leash: Monitor<Int32?>
  private let ticket: Ending.Ticket

  /// The code of the error of a process that was not allowed its namespaces.
  static let namespaceRefused = 71

  /// What the shell does, with the directory, pcscd and the driver as `$1`, `$2` and `$3`.
  ///
  /// A tmpfs becomes `/run` whether or not there is a `/run/pcscd`: an ordinary user may not make
  /// one. It is filled before it is moved there, since it may hide the directory itself. The
  /// other drivers are hidden, and with them the machine's USB readers.
  private static let script = """
    mount -n -t tmpfs -o mode=0755 softdna "$1/world" || exit 71
    set -e
    mkdir "$1/world/pcscd" "$1/world/conf"
    cp "$1/reader.conf" "$1/world/conf/vpcd"
    cp -L "$3" "$1/world/libifdvpcd.so"
    mount -n --bind "$1/socket" "$1/world/pcscd"
    mount -n --move "$1/world" /run
    if [ -d /usr/lib/pcsc/drivers ]; then
      mount -n -t tmpfs softdna /usr/lib/pcsc/drivers
    fi
    case $("$2" --help 2>/dev/null) in
      *--disable-polkit*) polkit=--disable-polkit ;;
    esac
    "$2" --foreground $polkit --config /run/conf </dev/null &
    read -r end || :
    set +e
    kill -KILL $! 2>/dev/null
    umount -n -l /run
    rm -rf "$1"
    """

  /// Starts pcscd and makes a world around it, in the kind of namespace that is allowed.
  ///
  /// - Parameter make: fails with ``namespaceRefused`` where pcscd was not allowed the one it got.
  static func start<World>(
    _ configuration: PrivateWorld.Configuration,
    make: (WorldProcess) throws(VirtualReaderError) -> World
  ) throws(VirtualReaderError) -> World {
    var failure: VirtualReaderError?
    // Root needs no user namespace, but may be a root that is not allowed the other kind.
    for inUserNamespace in geteuid() == 0 ? [false, true] : [true] {
      do throws(VirtualReaderError) {
        return try make(try WorldProcess(configuration, inUserNamespace: inUserNamespace))
      } catch {
        guard error.code == namespaceRefused else { throw error }
        failure = error
      }
    }
    throw failure ?? VirtualReaderError("start a private PC/SC world", reason: "no namespace")
  }

  /// Starts pcscd; it is not ready yet when this returns.
  ///
  /// - Parameter ports: Where vpcd listens; nil has the kernel choose.
  init(
    _ configuration: PrivateWorld.Configuration, inUserNamespace: Bool, ports given: PortPair? = nil
  ) throws(VirtualReaderError) {
    try configuration.check()
    ports = if let given { given } else { try PortPair() }
    port = ports.first
    directory = try WorldDirectory(
      in: configuration.parentDirectory, readerName: configuration.readerName, port: port)
    do throws(VirtualReaderError) {
      let ends = try Self.makeLeash()
      defer { close(ends.theirs) }
      do throws(VirtualReaderError) {
        child = try Self.start(configuration, directory, ends.theirs, inUserNamespace)
      } catch {
        close(ends.ours)
        throw error
      }
      let leash = Monitor<Int32?>(ends.ours)
      self.leash = leash
      // The directory is removed by its own means.
      ticket = Ending.add { [child] in Self.stop(child, leash) }
    } catch {
      directory.remove()
      throw error
    }
  }

  /// Returns when pcscd shows a card in the reader, and `isExpected` says that it is the right one.
  func waitUntilPresent(
    in reader: String, deadline: ContinuousClock.Instant, isExpected: () -> Bool
  ) throws(VirtualReaderError) {
    let service = PCSCService(socketPath: directory.socketPath)
    while true {
      let isPresent =
        (try? service.wait(for: .present, in: reader, timeout: .milliseconds(200))) ?? false
      if isPresent, isExpected() { return }
      try check(
        deadline: deadline,
        waitingFor: isPresent
          ? "another card is in the reader" : "the reader \(reader) does not show the card")
      usleep(1000)
    }
  }

  /// - Throws: where the world has ended by itself, or `deadline` has passed; with what pcscd said.
  func check(
    deadline: ContinuousClock.Instant, waitingFor missing: String
  ) throws(VirtualReaderError) {
    let attempt = "start a private PC/SC world"
    let isLate = ContinuousClock.now >= deadline
    let status = isLate ? nil : child.statusIfEnded()
    guard isLate || status != nil else { return }
    let log = directory.logTail()
    stop()
    guard let status else {
      throw VirtualReaderError(attempt, reason: "\(missing) in time. pcscd said: \(log)")
    }
    // unshare itself ends with 1 where the kernel says no.
    if status == Self.namespaceRefused || log.contains("unshare:") {
      throw VirtualReaderError(
        attempt, reason: log, code: Self.namespaceRefused, advice: namespaceAdvice())
    }
    throw VirtualReaderError(attempt, reason: "it ended. pcscd said: \(log)", code: Int(status))
  }

  /// Ends pcscd and takes the directory away; returns when that is done.
  func stop() {
    Self.stop(child, leash)
    directory.remove()
    Ending.remove(ticket)
  }

  private static func stop(_ child: ChildProcess, _ leash: Monitor<Int32?>) {
    leash.update { leash in
      guard let end = leash else { return }
      close(end)
      leash = nil
      child.wait(killingAfter: .seconds(5))
    }
  }

  private static func start(
    _ configuration: PrivateWorld.Configuration, _ directory: WorldDirectory, _ leash: Int32,
    _ inUserNamespace: Bool
  ) throws(VirtualReaderError) -> ChildProcess {
    let attempt = "start a private PC/SC world"
    let log = open(directory.logPath, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
    guard log >= 0 else { throw VirtualReaderError(attempt, errno: errno) }
    defer { close(log) }
    let namespaces =
      (inUserNamespace ? ["--map-root-user"] : [])
      + ["--mount", "--pid", "--fork", "--kill-child", "--propagation", "private"]
    let shell = ["/bin/sh", "-c", script, "sh", directory.path]
    var launch = ChildProcess.Launch(
      arguments: [configuration.unshare] + namespaces + shell
        + [configuration.pcscd, configuration.driver],
      environment: ["PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"])
    launch.input = leash
    launch.output = log
    // A session of its own: Ctrl-C is for the command, not for the reader under it.
    launch.isDetached = true
    switch ChildProcess.start(launch) {
    case .success(let child): return child
    case .failure(let failure): throw VirtualReaderError(attempt, errno: failure.code)
    }
  }

  /// A pair of sockets rather than a pipe: only they can be born close-on-exec. A world that
  /// inherited the end of another's leash would keep it alive.
  private static func makeLeash() throws(VirtualReaderError) -> (theirs: Int32, ours: Int32) {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    guard socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw VirtualReaderError("make a pair of sockets", errno: errno)
    }
    return (ends[0], ends[1])
  }
}
