public import ArgumentParser
import Foundation
public import Traces

/// `softdna trace import`.
struct TraceImportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "import",
    abstract: "Make a trace of another program's log.",
    discussion: """
      Reads what pcscd --apdu, pcsc-spy and OpenSC (OPENSC_DEBUG=9) write. The log itself holds \
      PINs; the trace does not, unless --with-secrets asks for them.
      """)

  @Option(help: "What wrote the log: pcscd, pcsc-spy or opensc.") var from: ImportedLog
  @Argument(help: "The log file.") var file: String
  @Option(name: .shortAndLong, help: "The trace file to write; standard output without it.")
  var out: String?
  @Flag(help: "Keep PINs, PUKs and keys as they are.") var withSecrets = false

  func run() throws {
    let trace = try failing {
      try from.trace(
        of: try Trace.text(ofFile: file), withSecrets: withSecrets, source: file)
    }
    guard let out else { return Console.write(trace.lines) }
    try failing {
      try TraceWriter.write(trace, to: out, TraceWriter.Format(path: out) ?? .lines)
    }
  }
}

extension ImportedLog: ExpressibleByArgument {}
