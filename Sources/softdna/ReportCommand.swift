import ArgumentParser
import Foundation
import Scenarios

/// `softdna report`.
struct ReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report",
    abstract: "Work with the results of softdna run.",
    subcommands: [MergeCommand.self])

  /// `softdna report merge`.
  struct MergeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
      commandName: "merge",
      abstract: "Join the JSON results of several runs, the shards of a matrix for instance.",
      discussion: """
        Results of the same scenario over the same channel with the same seed are one result: the \
        last one, or the failed one where some failed.

        Exit status: as that of softdna run for all of them together.
        """)

    @Argument(help: "Files that softdna run --json wrote.") var files: [String]
    @OptionGroup var reports: ReportOptions
    @Flag(help: "Print every step, not only those that failed.") var steps = false
    @Flag(help: "Print which instructions, answers and states the runs have seen.") var coverage =
      false

    func run() throws {
      try reports.check()
      let printer = ResultPrinter(stream: reports.stream)
      var joined: [ScenarioReport] = []
      for file in files {
        guard let data = FileManager.default.contents(atPath: file),
          let text = String(data: data, encoding: .utf8)
        else { throw Failure("\(file): cannot be read as UTF-8 text") }
        for result in try failing({ try JSONReport.read(text, file: file) }) {
          joined.join(result)
        }
      }
      joined.sort { ($0.file, $0.scenario, $0.channel) < ($1.file, $1.scenario, $1.channel) }
      for result in joined where steps || !result.passed {
        printer.print(result, showsSteps: steps)
      }
      printer.printSummary(joined, took: .seconds(joined.reduce(0) { $0 + $1.seconds }))
      if coverage { printer.write(Coverage(joined).text) }
      try reports.write(joined)
      if let code = ResultPrinter.exitCode(joined) { throw code }
    }
  }
}

extension [ScenarioReport] {
  /// Adds a result, or lets it take the place of an earlier one of the same scenario; a failure is
  /// not replaced by a success.
  fileprivate mutating func join(_ result: ScenarioReport) {
    let same = firstIndex {
      ($0.file, $0.scenario, $0.channel) == (result.file, result.scenario, result.channel)
        && $0.seed == result.seed
    }
    guard let same else { return append(result) }
    if self[same].passed { self[same] = result }
  }
}
