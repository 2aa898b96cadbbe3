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

      Lines of journald, syslog and mail, UTF-16 and colours are read as they are. Each answer goes \
      to the command of its own program and thread. An exchange that the log does not have whole \
      is a failure in the trace.
      """)

  @Option(help: "What wrote the log: pcscd, pcsc-spy or opensc.") var from: ImportedLog
  @Option(help: "Only the card in this reader, by its name or a part of it.") var reader: String?
  @Argument(help: "The log file, or - for standard input.") var file: String
  @Option(name: .shortAndLong, help: "The trace file to write; standard output without it.")
  var out: String?
  @Flag(help: "Keep PINs, PUKs and keys as they are.") var withSecrets = false

  func run() throws {
    // A file is read to its end first: what cannot be made a trace of leaves none.
    if LineReader.canReadAgain(file) {
      var log = try open()
      while try failing({ try log.next() }) != nil {}
    }
    var log = try open()
    let first = try failing { try log.next() }
    var output = try TraceOutput(
      out, log.header, waits: LineReader.canReadAgain(file))
    if let first { output.append(first) }
    while let entry = try failing({ try log.next() }) { output.append(entry) }
    try output.close()
    tell(log)
  }

  private func open() throws -> LogImport {
    try failing {
      try LogImport(from, LineReader(path: file), withSecrets: withSecrets, reader: reader)
    }
  }

  /// What a reader of the trace should know of the log.
  private func tell(_ log: LogImport) {
    if log.clients > 1 {
      Console.note(
        "\(log.clients) programs or threads sent commands; the trace has them in their order")
    }
    if log.incompleteExchanges > 0 {
      Console.note(
        "\(log.incompleteExchanges) exchanges are not whole in the log: they are failures in the"
          + " trace")
    }
  }
}

/// Where an imported trace goes: a file, or standard output.
private struct TraceOutput {
  private let writer: TraceWriter?
  private var standardOutput: BufferedOutput

  init(_ path: String?, _ header: TraceHeader, waits: Bool) throws {
    standardOutput = BufferedOutput(waits: waits)
    writer = try path.map { path in
      try failing {
        try TraceWriter(
          path: path, format: TraceWriter.Format(path: path) ?? .lines, header: header)
      }
    }
    if writer == nil { standardOutput.write(header.line) }
  }

  mutating func append(_ entry: TraceEntry) {
    if let writer { writer.append(entry) } else { standardOutput.write(entry.line) }
  }

  mutating func close() throws {
    standardOutput.flush()
    try failing { try writer?.close() }
  }
}

extension ImportedLog: ExpressibleByArgument {}
