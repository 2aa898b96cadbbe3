import ArgumentParser
import Foundation
import Terminal
import Traces
import VirtualReader

/// `softdna trace`.
struct TraceCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "trace",
    abstract: "Record, explain, replay and compare what goes between a host and a card.",
    discussion: """
      A trace is a file of JSON lines; docs/user/traces.md describes it. PINs, PUKs and transport \
      keys are left out of it unless --with-secrets asks for them.
      """,
    subcommands: [
      TraceRecordCommand.self, TraceDecodeCommand.self, TraceReplayCommand.self,
      TraceDiffCommand.self, TraceImportCommand.self, TracePcapCommand.self,
    ])
}

/// The options that name a card: a token of our own, or any in a reader.
struct CardOptions: ParsableArguments {
  @Option(name: .customLong("state"), help: "The token's state directory.") var state: String?
  @Option(help: "A PC/SC reader, by its name or a part only one has.") var reader: String?

  /// The card, and what a trace calls its wire.
  func open() throws -> (channel: any CardChannel, name: String) {
    switch (state, reader) {
    case (let state?, nil): return (try StateDirectory(path: state).openToken(), "direct")
    case (nil, let reader?):
      let connected = try failing { try PCSCReader.connect(to: reader) }
      return (connected, connected.name)
    default: throw Failure("name one card: --state DIR or --reader NAME")
    }
  }
}

extension Trace {
  /// Reads a trace from a file, or from standard input where it is called "-".
  static func read(_ path: String) throws -> Trace { try failing { try Trace(file: path) } }
}
