import ArgumentParser
import Foundation
import HostFiles
import Scenarios
import TokenHost

/// `softdna run`.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Replay scenarios: a token's life as readable files.",
    discussion: """
      Names files, or folders that are searched for *.yaml (folders named fragments and policies \
      are passed by). Every file is read and checked before anything runs. Each scenario has a \
      token, an authority and a PC/SC world of its own; results are printed in the order of the \
      files.

      Without --shard the part to run follows from the scheduler: CI_NODE_INDEX and CI_NODE_TOTAL \
      (GitLab), SLURM_ARRAY_TASK_ID and SLURM_ARRAY_TASK_COUNT, JOB_COMPLETION_INDEX (Kubernetes) \
      with JOB_COMPLETIONS, which the manifest sets. softdna report merge joins the parts.

      Exit status: 0 all passed, 1 a scenario failed, 2 usage or environment.
      """)

  @Argument(help: "Scenario files, or folders of them.") var scenarios: [String] = []
  @Option(
    help: """
      The channel: \(ChannelName.allValueStrings.joined(separator: ", ")). reader:NAME is the card \
      in a reader of this machine.
      """)
  var over: ChannelName = .direct
  @Flag(
    name: .customLong("i-know-this-is-a-real-card"),
    help: "Over reader:NAME: steps may spend tries, write to the card and use its keys.")
  var isCardKnown = false
  @Option(help: "A seed in place of the scenarios' own.") var seed: UInt64?
  @Option(help: "Only scenarios with this text in name or file.") var filter: String?
  @Option(help: "Only scenarios with this tag; may be repeated, any of them counts.")
  var tag: [String] = []
  @Option(help: "Scenarios at a time; as many as there are cores, over pcsc twice as many.")
  var jobs: Int?
  @Option(
    name: .customLong("repeat"), help: "Run everything so often; transcripts must not differ.")
  var repetitions = 1
  @Option(help: "Run only one of several parts: 2/4 is the second of four.") var shard: Shard?
  @Flag(help: "Begin no further scenario after one has failed.") var failFast = false
  @Flag(help: "Read and check the files; run nothing.") var check = false
  @Flag(help: "Print the JSON Schema of scenario files; run nothing.") var schema = false
  @Flag(help: "Print every step, not only those that failed.") var steps = false
  @Flag(help: "Print which instructions, answers and states the run has seen.") var coverage =
    false
  @Flag(help: "Try every command with the power cut at each of its writes.") var tear = false
  @Option(
    help: "Where failed scenarios leave transcript, pcap, NV image, authority and the command.")
  var artifacts: String?
  @Option(
    help: """
      Where every scenario leaves a trace, NAME-CHANNEL.jsonl, for softdna trace; codes and keys \
      are left out of it.
      """)
  var traces: String?
  @OptionGroup var reports: ReportOptions

  func run() throws {
    guard !schema else { return Console.write(Schema.text) }
    guard !scenarios.isEmpty else { throw Failure("name scenario files, or folders of them") }
    guard (1...over.mostJobs).contains(jobs ?? 1), (1...100_000).contains(repetitions) else {
      throw Failure("--jobs takes 1 to \(over.mostJobs), --repeat 1 to 100000")
    }
    let all = try ScenarioFiles(paths: scenarios, seed: seed).load()
    let chosen = try choose(from: all)
    guard !tear || over == .direct else { throw Failure("--tear goes with --over direct only") }
    let tearing = tear ? TearWorkbench() : nil
    let workbench = tearing ?? over.workbench(isCardKnown: isCardKnown)
    let objections = workbench.objections(to: chosen)
    guard objections.isEmpty else {
      throw Failure(objections.map { "\($0)" }.joined(separator: "\n"))
    }
    guard !check else {
      Console.print("\(chosen.count) scenario\(chosen.count == 1 ? "" : "s"), no errors")
      return
    }
    if let reader = workbench as? ReaderWorkbench { try failing { try reader.check() } }
    try reports.check()
    for folder in [artifacts, traces].compactMap({ $0 }) {
      try OutputFile(path: folder).checkAsFolder()
    }
    let printer = ResultPrinter(stream: reports.stream)
    let start = ContinuousClock.now
    let runs = [[Scenario]](repeating: chosen, count: repetitions).flatMap(\.self)
    let batch = ScenarioBatch(
      runs, on: workbench, artifacts: artifacts.map { Leavings(in: $0, of: all) },
      traces: traces.map { Leavings(in: $0, of: all) }, stopsAtFailure: failFast)
    let progress = ProgressLine(total: runs.count)
    let showsSteps = steps
    let results = batch.run(jobs: jobs ?? over.usualJobs) {
      progress.clear()
      printer.print($0, showsSteps: showsSteps)
      progress.advance()
    }
    progress.clear()
    printer.printSummary(results, took: start.duration(to: .now))
    if let tearing { try tell(of: tearing.report, on: printer) }
    if coverage { printer.write(Coverage(results).text) }
    try reports.write(results)
    if !batch.failures.isEmpty {
      throw Failure(batch.failures.map { "\($0)" }.joined(separator: "\n"))
    }
    if let code = ResultPrinter.exitCode(results) { throw code }
    if workbench.permits == .issuing { try compare(results) }
  }

  private func tell(of report: TearingReport, on printer: ResultPrinter) throws {
    for violation in report.violations.prefix(20) {
      printer.write("  " + printer.paint(violation, .bad) + "\n")
    }
    let count = report.violations.count
    printer.write(
      "\(report.cuts) power cuts at \(report.writes) writes of \(report.commands) commands,"
        + " \(report.secondCuts) second cuts: "
        + printer.paint("\(count) violation\(count == 1 ? "" : "s")", count == 0 ? .good : .bad)
        + "\n")
    if count > 0 { throw ExitCode(1) }
  }

  private func choose(from all: [Scenario]) throws -> [Scenario] {
    var chosen = all
    if let filter {
      chosen.removeAll {
        !$0.name.localizedCaseInsensitiveContains(filter) && !$0.file.contains(filter)
      }
    }
    if !tag.isEmpty { chosen.removeAll { Set($0.tags).isDisjoint(with: tag) } }
    guard !chosen.isEmpty else { throw Failure("no scenario fits --filter and --tag") }
    return try (shard ?? Shard.scheduled())?.part(of: chosen) ?? chosen
  }

  /// A scenario that was repeated must have said the same each time.
  private func compare(_ results: [ScenarioReport]) throws {
    var transcripts: [String: String] = [:]
    for result in results {
      let name = result.file + result.scenario
      guard transcripts[name] ?? result.transcript == result.transcript else {
        throw Failure("\(result.scenario): its transcripts differ between repetitions", status: 1)
      }
      transcripts[name] = result.transcript
    }
  }
}

extension ChannelName: ExpressibleByArgument {
  init?(argument: String) {
    if argument.hasPrefix("reader:"), argument.count > 7 {
      self = .reader(String(argument.dropFirst(7)))
    } else if let channel = Self.ownCards.first(where: { $0.name == argument }) {
      self = channel
    } else {
      return nil
    }
  }

  static var allValueStrings: [String] { ownCards.map(\.name) + ["reader:NAME"] }
  var defaultValueDescription: String { name }
}
