import ArgumentParser
import Authority
import Foundation
import Terminal
import Traces

/// `softdna trace replay`.
struct TraceReplayCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "replay",
    abstract: "Send the commands of a trace to a card again and compare the answers.",
    discussion: """
      Nothing is sent that writes to the card or costs a try, unless --allow-changes says so; what \
      was not sent is listed. Codes that were left out of the trace come from the scratch card of \
      --state, or from --code.

      Exit status: 0 the same answers, 1 different ones or a card that failed, 2 usage or \
      environment.
      """)

  @Argument(help: "The trace file, or - for standard input.") var file: String
  @OptionGroup var card: CardOptions
  @Option(
    help: "A code for VERIFY, by its reference: 10=12345678. May be given several times.")
  var code: [String] = []
  @Flag(help: "Also send what writes to the card, and codes that were wrong.")
  var allowChanges = false
  @Flag(help: "Compare every byte, also challenges, signatures and serial numbers.")
  var exact = false
  @Option(help: "Write what the card did now to this trace file.") var out: String?
  @Flag(help: "Print JSON lines.") var json = false

  func run() throws {
    let trace = try Trace.read(file)
    let codes = try self.codes()
    let (channel, name) = try card.open()
    let outcome = try failing(status: 1) {
      try TraceReplay(codes: codes, allowsChanges: allowChanges)
        .run(trace, on: channel, channelName: name)
    }
    if let out {
      try failing {
        try TraceWriter.write(
          outcome.replayed, to: out, TraceWriter.Format(path: out) ?? .lines)
      }
    }
    for omission in outcome.omissions {
      if json {
        Console.print("{\"omitted\":\(omission.number),\"reason\":\"\(omission.reason.rawValue)\"}")
      } else {
        Console.note("#\(omission.number) was not sent: \(omission.reason.rawValue)")
      }
    }
    try TraceDiffCommand.tell(
      TraceComparison(outcome.original, outcome.replayed, isExact: exact), json: json)
  }

  private func codes() throws -> [UInt8: [UInt8]] {
    var codes: [UInt8: [UInt8]] = [:]
    if let state = card.state, let scratch = try? StateDirectory(path: state).readScratchCard() {
      for (reference, digits) in [
        (0x10, scratch.pinCNS), (0x11, scratch.pukCNS), (0x1A, scratch.pinSignature),
        (0x1B, scratch.pukSignature),
      ] as [(UInt8, String)] {
        codes[reference] = CardSession.padded(digits)
      }
    }
    for text in code {
      let parts = text.split(separator: "=", omittingEmptySubsequences: false)
      guard parts.count == 2, let reference = UInt8(parts[0], radix: 16), !parts[1].isEmpty else {
        throw Failure("--code takes REFERENCE=DIGITS, as in 10=12345678, not \"\(text)\"")
      }
      codes[reference & 0x1F] = CardSession.padded(String(parts[1]))
    }
    return codes
  }
}
