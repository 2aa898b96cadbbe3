import ArgumentParser
import Foundation
import ISO7816
import Terminal
import Traces

/// `softdna trace decode`.
struct TraceDecodeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "decode",
    abstract: "Explain a trace: files, control parameters, status words and the rules behind them.")

  @Argument(help: "The trace file, or - for standard input.") var file: String
  @Flag(help: "Print JSON lines.") var json = false
  @Flag(help: "Print every byte, however many there are.") var bytes = false
  @Flag(help: "Print only what was not answered by 9000.") var refused = false

  func run() throws {
    var trace = try failing { try TraceReader(path: file) }
    var explainer = Explainer()
    // What comes from a pipe may come slowly, and is shown as it comes.
    var output = BufferedOutput(waits: LineReader.canReadAgain(file))
    while let entry = try output.flushing({ try failing { try trace.next() } }) {
      let explanation = explainer.explain(entry)
      if refused, explanation.status == nil || explanation.status == .success { continue }
      output.write(json ? explanation.json + "\n" : text(of: explanation))
    }
    output.flush()
  }

  private func text(of entry: Explanation) -> String {
    var title = entry.title
    if let file = entry.file, !title.contains(file) { title += " — " + file }
    var text =
      Console.paint("#\(entry.number)", .dim) + "  " + Console.paint(title, .bold) + "  "
      + Console.paint("\(Self.milliseconds(entry.time)) ms", .dim) + "\n"
    if let command = entry.command { text += "    → " + hex(command) + "\n" }
    if let response = entry.response {
      let data = entry.status == nil ? response : Array(response.dropLast(2))
      var parts = data.isEmpty ? [] : [hex(data)]
      if let status = entry.status {
        parts.append(
          Console.paint(
            "\(status.text) \(entry.meaning ?? "")", status == .success ? .green : .yellow))
      }
      text += "    ← " + parts.joined(separator: "  ") + "\n"
    }
    for detail in entry.details { text += "      " + detail + "\n" }
    if let refusal = entry.refusal {
      let clause = entry.clause.map { Console.paint(" [\($0)]", .dim) } ?? ""
      text += "      " + Console.paint("because: " + refusal, .yellow) + clause + "\n"
    }
    return text
  }

  private static func milliseconds(_ microseconds: Int) -> String {
    let fraction = String(microseconds % 1000 + 1000).dropFirst()
    return "\(microseconds / 1000).\(fraction)"
  }

  private func hex(_ data: [UInt8]) -> String {
    let shown = bytes ? data.count : 48
    let text = Hex.text(data.prefix(shown), separator: " ")
    return data.count > shown ? "\(text) … (\(data.count) bytes)" : text
  }
}
