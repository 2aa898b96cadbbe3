import ArgumentParser
import Foundation

/// `softdna ctl`.
struct CtlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ctl",
    abstract: "Act on a token that is plugged in: insert, remove, snapshot, restore, fault …",
    discussion: """
      The token is one that `softdna up` or `softdna exec` holds. Without --state it is that of \
      the `softdna exec` this runs in. Other programs may talk to control.sock in the state \
      directory themselves: JSON lines, {"do": "press"}; see docs/user/control.md.

      Exit status: 0 done, 1 refused, 2 usage or no token plugged in.
      """,
    subcommands: ControlVocabulary.commands + [CtlUnknownCommand.self],
    defaultSubcommand: CtlUnknownCommand.self)
}

/// Which token, and how the answer is printed.
struct CtlOptions: ParsableArguments {
  @Option(name: .customLong("state"), help: "The token's state directory.") var state: String?
  @Flag(help: "Print the answer as JSON.") var json = false

  /// The socket of the token that is meant.
  func socket() throws -> String {
    let variables = ProcessInfo.processInfo.environment
    if let state { return StateDirectory(path: state).controlSocket }
    guard let socket = variables[ControlSocket.variable] else {
      throw Failure("name the token: --state DIR, or run this in softdna exec")
    }
    return socket
  }
}

/// A subcommand of `softdna ctl`: one request.
struct CtlRequestCommand<Request: ControlRequest>: ParsableCommand {
  static var configuration: CommandConfiguration {
    CommandConfiguration(
      commandName: Request.name, abstract: Request.summary, discussion: Request.discussion)
  }

  @OptionGroup var target: CtlOptions
  @OptionGroup var options: Request.Options

  func run() throws {
    let request = options.values.merging(["do": .text(Request.name)]) { $1 }
    let line = try ControlSocket.ask(JSONValue.object(request).line, at: target.socket())
    let answer = try failing { try JSONDecoder().decode(JSONValue.self, from: Data(line.utf8)) }
    guard case .object(let fields) = answer else { throw Failure("no answer: \(line)") }
    if target.json { Console.print(line) }
    if fields["ok"] != true {
      guard case .text(let error)? = fields["error"] else { throw Failure("no answer: \(line)") }
      let status: Int32 = fields["kind"] == "refused" ? 1 : 2
      if target.json { throw ExitCode(status) }
      throw Failure(error, status: status)
    }
    if !target.json, let result = fields["result"] {
      Console.print(result.text().trimmingCharacters(in: .newlines))
    }
  }
}

/// What is no request: the nearest one is named.
struct CtlUnknownCommand: ParsableCommand {
  static let configuration = CommandConfiguration(commandName: "unknown", shouldDisplay: false)
  @Argument(parsing: .captureForPassthrough) var words: [String] = []

  func run() throws {
    var words = words
    // Options in front, as in softdna ctl --state DIR press, go behind.
    var options: [String] = []
    while let width = ["--json": 1, "--state": 2][words.first ?? ""], words.count > width {
      options += words.prefix(width)
      words.removeFirst(width)
    }
    words += options
    guard let name = words.first, !["-h", "--help"].contains(name) else {
      throw CleanExit.helpRequest(CtlCommand.self)
    }
    _ = try failing { try ControlVocabulary.request(named: name) }
    var command = try CtlCommand.parseAsRoot(words)
    try command.run()
  }
}
