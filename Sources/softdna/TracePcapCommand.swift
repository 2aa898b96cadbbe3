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
    // A file is read to its end first: what is no trace leaves no capture.
    if LineReader.canReadAgain(file) {
      var trace = try failing { try TraceReader(path: file) }
      while try failing({ try trace.next() }) != nil {}
    }
    var trace = try failing { try TraceReader(path: file) }
    let writer = try failing {
      try TraceWriter(path: out, format: .capture, header: trace.header)
    }
    while let entry = try failing({ try trace.next() }) { writer.append(entry) }
    try failing { try writer.close() }
  }
}
