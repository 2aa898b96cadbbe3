import ArgumentParser
import Foundation
import Scenarios
import TokenHost

/// `softdna run`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Replay scenarios: a token's life as readable files.",
    discussion: """
      Names files or folders with *.yaml. Every file is read and checked before anything runs.

      Exit status: 0 all passed, 1 a scenario failed, 2 usage or environment.
      """)

  @Argument(help: "Scenario files, or folders of them.") var scenarios: [String]
  @Option(help: "The channel: direct or pcsc.") var over: ChannelName = .direct
  @Option(help: "A seed in place of the scenarios' own.") var seed: UInt64?
  @Flag(help: "Read and check the files; run nothing.") var check = false
  @Flag(help: "Print every step, not only those that failed.") var steps = false
  @Flag(help: "Try every command with the power cut at each of its writes.") var tear = false
  @Option(help: "Write JUnit XML to this file.") var junit: String?
  @Option(help: "Write JSON lines to this file, one a scenario.") var json: String?

  func run() throws {
    let scenarios = try load()
    guard !check else {
      Console.print("\(scenarios.count) scenario\(scenarios.count == 1 ? "" : "s"), no errors")
      return
    }
    guard !tear || over == .direct else { throw Failure("--tear goes with --over direct only") }
    let tearing = tear ? TearWorkbench() : nil
    let workbench: any Workbench = tearing ?? over.workbench
    var results: [ScenarioResult] = []
    for scenario in scenarios {
      let result = Runner.run(scenario, on: workbench)
      results.append(result)
      Console.write(TextReport.text(of: result, showsSteps: steps, paint: Self.paint))
    }
    Console.print(TextReport.summary(of: results, paint: Self.paint))
    if let tearing { try tell(of: tearing.report) }
    if let junit { try write(JUnitReport.xml(of: results), to: junit) }
    if let json { try write(JSONReport.lines(of: results), to: json) }
    if results.contains(where: { $0.environmentFailure != nil }) { throw ExitCode(2) }
    if !results.allSatisfy(\.hasPassed) { throw ExitCode(1) }
  }

  private func tell(of report: TearingReport) throws {
    for violation in report.violations.prefix(20) {
      Console.print("  " + Console.paint(violation, .red))
    }
    let count = report.violations.count
    Console.print(
      "\(report.cuts) power cuts at \(report.writes) writes of \(report.commands) commands,"
        + " \(report.secondCuts) second cuts: "
        + Console.paint(
          "\(count) violation\(count == 1 ? "" : "s")", count == 0 ? .green : .red))
    if count > 0 { throw ExitCode(1) }
  }

  private static func paint(_ text: String, _ tone: TextReport.Tone) -> String {
    switch tone {
    case .good: Console.paint(text, .green)
    case .bad: Console.paint(text, .red)
    case .aside: Console.paint(text, .dim)
    case .title: Console.paint(text, .bold)
    }
  }

  /// Reads every file; tells of every one that is wrong, not only of the first.
  private func load() throws -> [Scenario] {
    var loaded: [Scenario] = []
    var errors: [String] = []
    for file in try files() {
      do throws(ScenarioError) {
        loaded.append(try Scenario(file: file).reseeded(seed))
      } catch {
        errors.append("\(error)")
      }
    }
    guard errors.isEmpty else { throw Failure(errors.joined(separator: "\n")) }
    return loaded
  }

  private func files() throws -> [String] {
    var files: [String] = []
    for path in scenarios {
      var isFolder: ObjCBool = false
      guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
        throw Failure("\(path): no such file or folder")
      }
      guard isFolder.boolValue else {
        files.append(path)
        continue
      }
      let found = try FileManager.default.contentsOfDirectory(atPath: path)
        .filter { $0.hasSuffix(".yaml") }.sorted()
      guard !found.isEmpty else { throw Failure("\(path): no *.yaml in this folder") }
      files += found.map { path + "/" + $0 }
    }
    return files
  }

  private func write(_ text: String, to path: String) throws {
    do { try text.write(toFile: path, atomically: true, encoding: .utf8) } catch {
      throw Failure("\(path) cannot be written: \(error.localizedDescription)")
    }
  }
}

extension ChannelName: ExpressibleByArgument {}
