import ArgumentParser
import Authority
import Foundation
import HostProcesses
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
      SOFTDNA_SOCKET (for softdna ctl), SOFTDNA_CA_FILE (root and CAs, PEM) and the scratch card \
      in SOFTDNA_PIN, SOFTDNA_PUK, SOFTDNA_SIGNATURE_PIN and SOFTDNA_SIGNATURE_PUK.

      With --date the command, and what it starts, sees that day at this time of day, as an \
      authority does that is given the same date. `softdna ctl advance-clock` moves that day, and \
      without --date the state directory's, which the command sees with --movable-clock or where \
      it was moved before.

      Exit status: the command's; 128 + n where signal n ended it; 127 where there is no such \
      command, 126 where it cannot be executed; 2 where the world cannot be made.
      """)

  @Option(name: .customLong("state"), help: "The token's state directory.") var state: String?
  @Option(help: "The day the command sees, YYYY-MM-DD (Debian package faketime).") var date: Day?
  @Flag(help: "Let softdna ctl advance-clock move the day the command sees (faketime).")
  var movableClock = false
  @OptionGroup var volatility: VolatileOption
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
      status = try Self.run(
        command, in: StateDirectory(path: state), log: log, isVolatile: volatility.isVolatile,
        date: date, hasMovableClock: movableClock)
    } else {
      let throwaway = try failing { try ThrowawayFolder() }
      defer { throwaway.remove() }
      let directory = StateDirectory(path: throwaway.path + "/token")
      let issue = TokenIssue(
        directory: directory, holder: .fictitious, chip: .current, kind: .token, seed: nil,
        clock: date.map { .fixed($0) } ?? .real)
      _ = try issue.run { _ in }
      status = try Self.run(
        command, in: directory, log: log, isVolatile: volatility.isVolatile,
        date: date, hasMovableClock: movableClock)
    }
    try log?.close()
    throw ExitCode(status)
  }

  /// Runs a command in a world of the token in `directory`; answers its exit status.
  ///
  /// - Parameters:
  ///   - date: the day the command sees; nil for the state directory's.
  ///   - hasMovableClock: the command sees the state directory's day move.
  static func run(
    _ command: [String], in directory: StateDirectory, log: TraceLog? = nil,
    isVolatile: Bool = false, date: Day? = nil, hasMovableClock: Bool = false
  ) throws -> Int32 {
    // Absolute: the command may go elsewhere.
    let path = URL(fileURLWithPath: directory.path).path
    let throwaway = try date.map { _ in try failing { try ThrowawayFolder() } }
    defer { throwaway?.remove() }
    let clock = WorldClock(path: (throwaway?.path ?? path) + "/clock")
    let isMoved = date != nil || hasMovableClock || clock.days != 0
    var time = isMoved ? try clock.environment() : [:]
    let memory = isMoved ? ClockMemory() : nil
    defer { memory?.remove() }
    time.merge(memory?.environment ?? [:]) { $1 }
    let token = try ControlledToken(
      directory, isVolatile: isVolatile, clock: clock,
      clockIsSeenBy: (date == nil ? ["authority"] : []) + (isMoved ? ["command"] : []))
    if let date { try clock.set(days: date.number - Day(Date()).number) }
    let channel = token.channel
    let world = try failing { try PrivateWorld.start(card: log?.recording(channel) ?? channel) }
    defer { world.stop() }
    token.plug(into: world)
    let control = try ControlSocket(path: directory.controlSocket, token: token)
    defer { control.stop() }
    var additions = [
      "SOFTDNA_READER": world.readerName, "SOFTDNA_STATE": path,
      "SOFTDNA_CA_FILE": path + "/ca/chain.pem", ControlSocket.variable: control.path,
    ]
    if let card = try? directory.readScratchCard() {
      additions["SOFTDNA_PIN"] = card.pinCNS
      additions["SOFTDNA_PUK"] = card.pukCNS
      additions["SOFTDNA_SIGNATURE_PIN"] = card.pinSignature
      additions["SOFTDNA_SIGNATURE_PUK"] = card.pukSignature
    }
    additions.merge(time) { _, new in new }
    return world.run(command, environment: additions)
  }
}
