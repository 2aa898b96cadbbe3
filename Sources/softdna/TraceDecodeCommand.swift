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
    while let entry = try failing({ try trace.next() }) {
      let explanation = explainer.explain(entry)
      if refused, explanation.status == nil || explanation.status == .success { continue }
      if json { Console.print(explanation.json) } else { print(explanation) }
    }
  }

  private func print(_ entry: Explanation) {
    let milliseconds = String(format: "%.3f", Double(entry.time) / 1000)
    var title = entry.title
    if let file = entry.file, !title.contains(file) { title += " — " + file }
    Console.print(
      Console.paint("#\(entry.number)", .dim) + "  " + Console.paint(title, .bold) + "  "
        + Console.paint("\(milliseconds) ms", .dim))
    if let command = entry.command { Console.print("    → " + hex(command)) }
    if let response = entry.response {
      let status = entry.status.map { status in
        "  "
          + Console.paint(
            "\(status.text) \(entry.meaning ?? "")", status == .success ? .green : .yellow)
      }
      let data = entry.status == nil ? response : Array(response.dropLast(2))
      Console.print("    ← " + (hex(data) + (status ?? "")).trimmingCharacters(in: .whitespaces))
    }
    for detail in entry.details { Console.print("      " + detail) }
    if let refusal = entry.refusal {
      let clause = entry.clause.map { Console.paint(" [\($0)]", .dim) } ?? ""
      Console.print("      " + Console.paint("because: " + refusal, .yellow) + clause)
    }
  }

  private func hex(_ data: [UInt8]) -> String {
    let shown = bytes ? data.count : 48
    let text = Hex.text(data.prefix(shown), separator: " ")
    return data.count > shown ? "\(text) … (\(data.count) bytes)" : text
  }
}
