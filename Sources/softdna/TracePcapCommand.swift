import ArgumentParser
import Foundation
import Traces

/// `softdna trace pcap`.
struct TracePcapCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "pcap",
    abstract: "Write a trace as a capture file for Wireshark and tshark.",
    discussion: "Open it as it is, or: tshark -r OUT.pcap -V")

  @Argument(help: "The trace file, or - for standard input.") var file: String
  @Argument(help: "The capture file to write.") var out: String

  func run() throws {
    let trace = try Trace.read(file)
    try failing { try TraceWriter.write(trace, to: out, .capture) }
  }
}
