import Foundation
import Synchronization

/// Child processes and everything that they start, ended together: whoever leaves its session or is
/// adopted by init still carries a variable of the family in its environment.
///
/// A guard, a shell that holds one end of a leash, kills them where this process is killed. A program
/// that was started with an environment of its own (`env -i`, sudo) is found by neither.
public final class ProcessFamily: Sendable {
  /// The variable that its members carry.
  let variable: String
  private let keeper: Mutex<Keeper?>
  private let ticket: Ending.Ticket

  /// The guard, and our end of its leash.
  private struct Keeper {
    let process: ChildProcess
    let leash: Int32
  }

  /// What the guard does, with the variable as `$1`. It waits for a line, which says that all is well,
  /// or for the end of the process at the other end. A process that is just being executed shows no
  /// environment for a moment: hence the second look.
  private static let script = """
    exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&- 9>&-
    read -r line && exit
    misses=0
    for round in 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19; do
      files=$(grep -lsF "$1=" /proc/[0-9]*/environ)
      if [ -z "$files" ]; then
        misses=$((misses + 1))
        [ $misses -lt 2 ] || exit
      fi
      for file in $files; do
        file=${file#/proc/}
        kill -KILL "${file%/environ}" 2>/dev/null
      done
      sleep 0.02
    done
    """

  /// A family without members.
  ///
  /// - Throws: where its guard cannot be started.
  public init() throws(ChildProcess.StartFailure) {
    let variable = "SOFTDNA_FAMILY_" + OwnerLock.randomName() + OwnerLock.randomName()
    self.variable = variable
    keeper = Mutex(try Self.startKeeper(variable))
    ticket = Ending.add { Self.endMembers(with: variable, patience: .milliseconds(500)) }
  }

  deinit { end() }

  /// Starts a program as a member.
  public func start(_ launch: ChildProcess.Launch) -> Result<
    ChildProcess, ChildProcess.StartFailure
  > {
    var launch = launch
    launch.environment.append(variable + "=1")
    return ChildProcess.start(launch)
  }

  /// Ends all members: told to by SIGTERM, killed where they do not. The family can go on.
  public func endMembers(patience: Duration = .seconds(1)) {
    Self.endMembers(with: variable, patience: patience)
  }

  /// Ends all members, and the family.
  public func end() {
    guard keeper.withLock({ $0 != nil }) else { return }
    endMembers()
    release()
  }

  /// Ends the family; members that are still there go on.
  public func release() {
    let dismissed = keeper.withLock { keeper in
      defer { keeper = nil }
      return keeper
    }
    guard let dismissed else { return }
    _ = send(dismissed.leash, "\n", 1, Int32(MSG_NOSIGNAL))
    close(dismissed.leash)
    dismissed.process.wait(killingAfter: .seconds(2))
    Ending.remove(ticket)
  }

  private static func startKeeper(
    _ variable: String
  ) throws(ChildProcess.StartFailure) -> Keeper {
    var ends: [Int32] = [-1, -1]
    let type = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue)
    let nothing = open("/dev/null", O_WRONLY | O_CLOEXEC)
    defer { close(nothing) }
    guard nothing >= 0, socketpair(AF_UNIX, type, 0, &ends) == 0 else {
      throw ChildProcess.StartFailure(code: errno)
    }
    defer { close(ends[0]) }
    var launch = ChildProcess.Launch(
      arguments: ["/bin/sh", "-c", script, "softdna-guard", variable],
      environment: ["PATH=/usr/bin:/bin", "LC_ALL=C"])
    launch.input = ends[0]
    launch.output = nothing
    launch.isDetached = true
    do throws(ChildProcess.StartFailure) {
      return Keeper(process: try ChildProcess.start(launch).get(), leash: ends[1])
    } catch {
      close(ends[1])
      throw error
    }
  }

  private static func endMembers(with variable: String, patience: Duration) {
    let deadline = ContinuousClock.now + patience
    for member in members(with: variable) { kill(member, SIGTERM) }
    while !members(with: variable).isEmpty, ContinuousClock.now < deadline { usleep(5000) }
    // Who starts children faster than they are found is given up after a while.
    for _ in 0..<200 {
      let left = members(with: variable)
      guard !left.isEmpty else { return }
      for member in left { kill(member, SIGKILL) }
      usleep(5000)
    }
  }

  /// The processes that carry the variable; those that have ended and were not waited for do not.
  private static func members(with variable: String) -> [pid_t] {
    let mark = Data((variable + "=").utf8)
    let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
    return names.compactMap { pid_t($0) }.filter { process in
      guard
        let environment = try? Data(contentsOf: URL(fileURLWithPath: "/proc/\(process)/environ"))
      else { return false }
      return environment.range(of: mark) != nil
    }
  }
}
