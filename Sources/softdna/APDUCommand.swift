import ArgumentParser
import Foundation
import ISO7816
import Terminal
import TokenHost
import VirtualReader

/// `softdna apdu`.
struct APDUCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apdu",
    abstract: "Send command APDUs and print what they ask and what the card answers.",
    discussion: """
      One APDU an argument, in hexadecimal; blanks and colons are skipped. Without arguments one \
      APDU a line is read from standard input. --state powers the token itself, --reader reaches \
      any card in a PC/SC reader. Nothing is added to what is sent: 61xx is answered by you.

      Exit status: 0 every answer was 9000 or a warning, 1 some were not, 2 usage or environment.
      """)

  @Option(name: .customLong("state"), help: "The token's state directory.") var state: String?
  @Option(help: "A PC/SC reader, by its name or a part only one has.") var reader: String?
  @OptionGroup var volatility: VolatileOption
  @Flag(help: "Print JSON lines.") var json = false
  @Argument(help: "Command APDUs in hexadecimal.") var commands: [String] = []

  func run() throws {
    let written = try CommandBytes.sequence(of: commands)
    let channel = try open()
    let atr = try failing(status: 1) { try channel.powerOn() }
    if !json { Console.print(Console.paint("ATR ", .dim) + Hex.text(atr.bytes, separator: " ")) }
    let session = CardSession(channel)
    var allWell = true
    for command in written {
      let command = try command.get()
      let answer = try failing(status: 1) { try session.exchange(command) }
      print(command, answer)
      allWell =
        allWell && [0x90, 0x61, 0x62, 0x63].contains(answer.status.sw1)
        && answer.status.triesLeft == nil
    }
    if !allWell { throw ExitCode(1) }
  }

  private func open() throws -> any CardChannel {
    switch (state, reader) {
    case (let state?, nil):
      return try StateDirectory(path: state).openToken(isVolatile: volatility.isVolatile)
    case (nil, let reader?): return try failing { try PCSCReader.connect(to: reader) }
    default: throw Failure("name one card: --state DIR or --reader NAME")
    }
  }

  private func print(_ command: [UInt8], _ answer: CardResponse) {
    let meaning = CommandAPDU.meaning(of: command)
    if json {
      let fields = [
        ("command", Hex.text(command)), ("meaning", meaning), ("data", Hex.text(answer.data)),
        ("status", answer.status.text), ("statusMeaning", answer.status.meaning),
      ]
      // The values hold nothing that JSON would escape.
      Console.print("{" + fields.map { "\"\($0)\":\"\($1)\"" }.joined(separator: ",") + "}")
    } else {
      Console.print(
        Console.paint("→ ", .dim) + Hex.text(command, separator: " ") + "  "
          + Console.paint(meaning, .dim))
      let status = Console.paint(
        "\(answer.status.text) \(answer.status.meaning)",
        answer.status == .success ? .green : .yellow)
      Console.print(
        Console.paint("← ", .dim)
          + (answer.data.isEmpty ? "" : Hex.text(answer.data, separator: " ") + "  ") + status)
    }
  }
}
