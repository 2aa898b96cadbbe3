import ArgumentParser
import Foundation
import ISO7816
import Terminal
import Traces

/// `softdna trace record`.
struct TraceRecordCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "record",
    abstract: "Write what goes over a wire to a trace file.",
    discussion: """
      Sends one APDU an argument, in hexadecimal, or one a line from standard input. After -- \
      stands a command instead: it runs in a PC/SC world of its own, as under softdna exec, and \
      everything host software says to the token is recorded.

      The file is a trace, or a capture for Wireshark where its name ends in .pcap. Exit status: 0 \
      recorded, whatever the card answered; 1 the card or the reader failed; 2 usage or \
      environment; that of the command after --.
      """)

  @Argument(help: "The trace file to write: .jsonl or .pcap.") var out: String
  @OptionGroup var card: CardOptions
  @Flag(help: "Write PINs, PUKs and keys as they are.") var withSecrets = false
  @Argument(help: "Command APDUs in hexadecimal; or -- and a command with its arguments.")
  var words: [String] = []

  func run() throws {
    // The parser gives both lists as one: what is behind the terminator is a command.
    let rest = ProcessArguments.all.drop { $0 != "--" }.dropFirst()
    guard rest.isEmpty else {
      return try record(Array(rest), isAlone: rest.count == words.count)
    }
    try record(apdus: words)
  }

  private func record(apdus: [String]) throws {
    let written = try CommandBytes.sequence(of: apdus)
    let (channel, name) = try card.open()
    let log = try TraceLog(
      path: out, channel: name, withSecrets: withSecrets, fallback: .lines)
    let recording = log.recording(channel)
    _ = try failing(status: 1) { try recording.powerOn() }
    for command in written {
      let command = try command.get()
      _ = try failing(status: 1) { try recording.transmit(command) }
    }
    try log.close()
  }

  private func record(_ command: [String], isAlone: Bool) throws {
    guard let state = card.state, card.reader == nil, isAlone else {
      throw Failure("a command after -- goes with --state DIR, and with no APDUs")
    }
    let directory = StateDirectory(path: state)
    guard FileManager.default.fileExists(atPath: directory.image) else {
      // The sentence names what to do, and no file is made first.
      _ = try directory.openToken()
      return
    }
    let log = try TraceLog(
      path: out, channel: "pcsc", withSecrets: withSecrets, fallback: .lines)
    let status = try ExecCommand.run(command, in: directory, log: log)
    try log.close()
    throw ExitCode(status)
  }
}
