import ArgumentParser
import Authority
import Foundation
import TokenHost
import VirtualReader

/// `softdna exec`.
struct ExecCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "exec",
    abstract: "Run a command in a PC/SC world of its own that holds only this token.",
    discussion: """
      Works as root and as an ordinary user, several at once, and leaves nothing behind. Without \
      --state a fresh token is issued for the command and thrown away afterwards.

      The command finds in its environment: PCSCLITE_CSOCK_NAME, SOFTDNA_READER, SOFTDNA_STATE, \
      SOFTDNA_CA_FILE (root and CAs, PEM) and the scratch card in SOFTDNA_PIN, SOFTDNA_PUK, \
      SOFTDNA_SIGNATURE_PIN and SOFTDNA_SIGNATURE_PUK.

      Exit status: the command's; 128 + n where signal n ended it; 127 where there is no such \
      command, 126 where it cannot be executed; 2 where the world cannot be made.
      """)

  @Option(name: .customLong("state"), help: "The token's state directory.") var state: String?
  @Option(help: "Write what goes over the wire to this file: .jsonl (a trace) or .pcap.")
  var log: String?
  @Argument(parsing: .postTerminator, help: "The command and its arguments, after --.")
  var command: [String] = []

  func run() throws {
    guard !command.isEmpty else {
      throw Failure("no command: softdna exec [--state DIR] -- COMMAND …")
    }
    let log = try self.log.map { try TraceLog(path: $0, channel: "pcsc") }
    let status: Int32
    if let state {
      status = try Self.run(command, in: StateDirectory(path: state), log: log)
    } else {
      let path = NSTemporaryDirectory() + "softdna-" + UUID().uuidString
      let directory = StateDirectory(path: path)
      defer { try? FileManager.default.removeItem(atPath: path) }
      let issue = TokenIssue(
        directory: directory, holder: .fictitious, chip: .current, kind: .token, seed: nil,
        clock: .real)
      _ = try issue.run { _ in }
      status = try Self.run(command, in: directory, log: log)
    }
    try log?.close()
    throw ExitCode(status)
  }

  /// Runs a command in a world of the token in `directory`; answers its exit status.
  static func run(
    _ command: [String], in directory: StateDirectory, log: TraceLog? = nil
  ) throws -> Int32 {
    let slot = try directory.openToken()
    let world = try failing { try PrivateWorld.start(card: log?.recording(slot) ?? slot) }
    defer { world.stop() }
    let control = try ControlSocket(
      path: directory.controlSocket,
      target: ControlTarget(
        insert: { world.insert() }, remove: { world.remove() }, press: { slot.pressButton() }))
    defer { control.stop() }
    var additions = [
      "SOFTDNA_READER": world.readerName, "SOFTDNA_STATE": directory.path,
      "SOFTDNA_CA_FILE": directory.path + "/ca/chain.pem",
    ]
    if let card = try? directory.readScratchCard() {
      additions["SOFTDNA_PIN"] = card.pinCNS
      additions["SOFTDNA_PUK"] = card.pukCNS
      additions["SOFTDNA_SIGNATURE_PIN"] = card.pinSignature
      additions["SOFTDNA_SIGNATURE_PUK"] = card.pukSignature
    }
    return world.run(command, environment: additions)
  }
}
