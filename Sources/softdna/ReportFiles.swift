import ArgumentParser
import Foundation
import HostFiles
import Scenarios

/// The options that say which reports to write.
struct ReportOptions: ParsableArguments {
  @Option(help: "Write JUnit XML to this file; - is standard output, here and below.")
  var junit: String?
  @Option(help: "Write JSON lines to this file, one a scenario.") var json: String?
  @Option(help: "Write TAP 13 to this file.") var tap: String?
  @Option(help: "Write one self-contained HTML page to this file.") var html: String?

  private var files: [OutputFile] {
    [junit, json, tap, html].compactMap { $0.map { OutputFile(path: $0) } }
  }

  /// Where people read how it goes: not where a report is read.
  var stream: Console.Stream {
    files.contains(where: \.isStandardOutput) ? .standardError : .standardOutput
  }

  /// Fails where one of them could not be written.
  func check() throws { for file in files { try file.check() } }

  /// Writes what was asked for.
  func write(_ results: [ScenarioReport]) throws {
    if let junit { try write(JUnitReport.xml(of: results), to: junit) }
    if let json { try write(JSONReport.lines(of: results), to: json) }
    if let tap { try write(TAPReport.text(of: results), to: tap) }
    if let html { try write(HTMLReport.page(of: results), to: html) }
  }

  private func write(_ text: String, to path: String) throws {
    try OutputFile(path: path).write(Data(text.utf8))
  }
}

/// Results for people, on one of the two streams.
struct ResultPrinter {
  let stream: Console.Stream

  func print(_ result: ScenarioReport, showsSteps: Bool) {
    Console.write(TextReport.text(of: result, showsSteps: showsSteps, paint: paint), to: stream)
  }

  func printSummary(_ results: [ScenarioReport], took duration: Duration) {
    write(TextReport.summary(of: results, took: duration, paint: paint) + "\n")
  }

  func write(_ text: String) { Console.write(text, to: stream) }

  /// 2 where a world could not be made, 1 where a scenario failed.
  static func exitCode(_ results: [ScenarioReport]) -> ExitCode? {
    if results.contains(where: { $0.environmentFailure != nil }) { return ExitCode(2) }
    return results.allSatisfy(\.passed) ? nil : ExitCode(1)
  }

  func paint(_ text: String, _ tone: TextReport.Tone) -> String {
    let colour: Console.Colour =
      switch tone {
      case .good: .green
      case .bad: .red
      case .aside: .dim
      case .title: .bold
      }
    return Console.paint(text, colour, on: stream)
  }
}
