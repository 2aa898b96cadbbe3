import ArgumentParser
import Foundation
import Scenarios

/// The options that say which reports to write.
struct ReportOptions: ParsableArguments {
  @Option(help: "Write JUnit XML to this file.") var junit: String?
  @Option(help: "Write JSON lines to this file, one a scenario.") var json: String?
  @Option(help: "Write TAP 13 to this file.") var tap: String?
  @Option(help: "Write one self-contained HTML page to this file.") var html: String?

  /// Writes what was asked for.
  func write(_ results: [ScenarioReport]) throws {
    if let junit { try write(JUnitReport.xml(of: results), to: junit) }
    if let json { try write(JSONReport.lines(of: results), to: json) }
    if let tap { try write(TAPReport.text(of: results), to: tap) }
    if let html { try write(HTMLReport.page(of: results), to: html) }
  }

  private func write(_ text: String, to path: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw Failure("\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}

/// Results on the terminal.
enum ResultPrinter {
  static func print(_ result: ScenarioReport, showsSteps: Bool) {
    Console.write(TextReport.text(of: result, showsSteps: showsSteps, paint: paint))
  }

  static func printSummary(_ results: [ScenarioReport], took duration: Duration) {
    Console.print(TextReport.summary(of: results, took: duration, paint: paint))
  }

  /// 2 where a world could not be made, 1 where a scenario failed.
  static func exitCode(_ results: [ScenarioReport]) -> ExitCode? {
    if results.contains(where: { $0.environmentFailure != nil }) { return ExitCode(2) }
    return results.allSatisfy(\.passed) ? nil : ExitCode(1)
  }

  private static func paint(_ text: String, _ tone: TextReport.Tone) -> String {
    switch tone {
    case .good: Console.paint(text, .green)
    case .bad: Console.paint(text, .red)
    case .aside: Console.paint(text, .dim)
    case .title: Console.paint(text, .bold)
    }
  }
}
