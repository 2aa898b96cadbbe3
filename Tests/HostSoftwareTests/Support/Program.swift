import Foundation
import Subprocess

/// How a program ended and what it said.
struct Outcome: Sendable, CustomStringConvertible {
  let command: String
  /// The exit status; minus the signal where one ended it.
  let status: Int32
  let output: String
  let errors: String

  /// What a failed expectation shows.
  var description: String {
    "\(command)\nended with \(status)\n--- output\n\(output)--- errors\n\(errors)---"
  }
}

/// Programs as a user starts them.
enum Program {
  /// What a program may take before it is killed: far more than it does.
  static let timeLimit = Duration.seconds(120)

  /// A program took too long.
  struct TimeLimit: Error, CustomStringConvertible {
    let command: String
    var limit = Program.timeLimit
    var description: String { "did not end within \(limit): \(command)" }
  }

  /// A program that runs: signals go to it, or to its process group as from a terminal.
  struct Running: Sendable {
    let send: @Sendable (_ signal: Int32, _ toGroup: Bool) throws -> Void
  }

  /// Runs a program in a process group of its own and waits for it.
  ///
  /// - Parameters:
  ///   - environment: Variables in place of the inherited ones; nil takes one away.
  ///   - body: Runs beside the program.
  static func run(
    _ path: String, _ arguments: [String], environment: [String: String?] = [:],
    folder: String? = nil, input: String = "", timeLimit: Duration = timeLimit,
    beside body: @escaping @Sendable (Running) async throws -> Void = { _ in }
  ) async throws -> Outcome {
    let command = ([path] + arguments).joined(separator: " ")
    var options = PlatformOptions()
    options.processGroupID = 0
    options.teardownSequence = [
      .send(signal: .kill, toProcessGroup: true, allowedDurationToNextStep: .seconds(1))
    ]
    let configuration = Configuration(
      // env goes to the folder and becomes the program: same process.
      executable: .name("env"),
      arguments: Arguments((folder.map { ["--chdir=\($0)"] } ?? []) + [path] + arguments),
      environment: .inherit.updating(
        Dictionary(
          uniqueKeysWithValues: environment.map { (Environment.Key(stringLiteral: $0), $1) })),
      platformOptions: options)
    return try await withThrowingTaskGroup(of: Outcome.self) { group in
      group.addTask {
        let result = try await Subprocess.run(
          configuration, input: .string(input), output: .string(limit: 4 << 20),
          error: .string(limit: 4 << 20)
        ) { execution in
          try await body(
            Running { signal, toGroup in
              try execution.send(signal: Signal(rawValue: signal), toProcessGroup: toGroup)
            })
        }
        let status: Int32 =
          switch result.terminationStatus {
          case .exited(let status): status
          case .signaled(let signal): -signal
          }
        return Outcome(
          command: command, status: status, output: result.standardOutput,
          errors: result.standardError)
      }
      group.addTask {
        try await Task.sleep(for: timeLimit)
        throw TimeLimit(command: command, limit: timeLimit)
      }
      defer { group.cancelAll() }
      guard let outcome = try await group.next() else {
        throw TimeLimit(command: command, limit: timeLimit)
      }
      return outcome
    }
  }
}
