import ArgumentParser
import Foundation
import HostFiles
import HostProcesses
import VirtualReader

/// The command line: one file a subcommand.
@main
struct Softdna: AsyncParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "softdna",
    abstract: "A software Digital DNA token: CNS card, PC/SC reader, authority and scenarios.",
    discussion: """
      Everything it issues is a test: keys and certificates prove nothing about anybody.

      Exit status: 0 done, 1 a scenario or a card failed, 2 usage or environment; exec passes on \
      its command's.
      """,
    version: "0.1.0",
    subcommands: [
      IssueCommand.self, UpCommand.self, CtlCommand.self, ExecCommand.self, RunCommand.self,
      ReportCommand.self, APDUCommand.self, AuthorityCommand.self, InspectCommand.self,
      TraceCommand.self, DoctorCommand.self, BenchCommand.self,
    ] + bluetooth)

  /// What a build without Bluetooth (NO_BLE=1) does not have.
  private static var bluetooth: [any ParsableCommand.Type] {
    #if BLE
      [BLECommand.self]
    #else
      []
    #endif
  }

  /// Runs the command; usage errors end with 2, as in every script that tells "failed" from
  /// "could not".
  static func main() async {
    // A file that grows beyond its limit (ulimit -f) is refused in words: a handler, because a signal
    // that is ignored would be ignored by the commands that are run, too.
    signal(SIGXFSZ) { _ in }
    do {
      var command = try parseAsRoot(Array(ProcessArguments.all.dropFirst()))
      sweep()
      if var command = command as? any AsyncParsableCommand {
        try await command.run()
      } else {
        try command.run()
      }
    } catch let failure as Failure {
      Console.error(failure.message)
      Foundation.exit(failure.status)
    } catch  where Failure.isEnvironments(error) {
      let failure = Failure(error)
      Console.error(failure.message)
      Foundation.exit(failure.status)
    } catch {
      let status = exitCode(for: error)
      guard status != .success, !(error is ExitCode) else { exit(withError: error) }
      Console.write(fullMessage(for: error) + "\n", to: .standardError)
      Foundation.exit(2)
    }
  }

  /// Removes what a softdna that was killed has left.
  private static func sweep() {
    let worlds = PrivateWorld.Configuration().parentDirectory
    for folder in Set([NSTemporaryDirectory(), worlds]) { ThrowawayFolder.sweep(folder) }
    ClockMemory.sweep()
  }
}
