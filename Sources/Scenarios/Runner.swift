public import Authority
import Cryptography
public import Foundation
public import HostFiles
import ISO7816
public import Terminal

/// How one step went.
public struct StepResult: Sendable {
  /// Where the step is.
  public let place: SourcePlace
  /// Its word.
  public let keyword: String
  /// What it does.
  public let title: String
  /// The day on the scenario's clock when it began.
  public let day: Day
  /// What went wrong, or nil.
  public let failure: StepFailure?
  /// What went over the wire.
  public let exchanges: [Exchange]
  /// What the authority wrote into its log.
  public let events: [Event]
  /// How long it took.
  public let duration: Duration
}

/// How one scenario went.
public struct ScenarioResult: Sendable {
  /// The scenario.
  public let scenario: Scenario
  /// The channel it ran over.
  public let channel: String
  /// What softdna run is told for that channel.
  public let options: String
  /// The steps that ran; the last one failed where the scenario did.
  public let steps: [StepResult]
  /// The world could not be made: no step ran.
  public let environmentFailure: String?
  /// What it was to leave could not be written.
  public internal(set) var leavingFailure: FileFailure?
  /// When it began, by the system's clock.
  public let began: Date
  /// How long it took.
  public let duration: Duration

  /// Every step went as the scenario says.
  public var hasPassed: Bool {
    environmentFailure == nil && steps.allSatisfy { $0.failure == nil }
  }

  /// SHA-256 over every exchange in order, hexadecimal: equal on every channel and in every run of
  /// the same scenario.
  public var transcriptHash: String {
    var bytes: [UInt8] = []
    for exchange in steps.flatMap(\.exchanges) {
      for part in [exchange.command, exchange.response] {
        bytes += [UInt8(part.count >> 16 & 0xFF), UInt8(part.count >> 8 & 0xFF)]
        bytes.append(UInt8(part.count & 0xFF))
        bytes += part
      }
    }
    return Hex.text(Digest.sha256(bytes)).lowercased()
  }
}

/// Runs scenarios on a workbench.
public enum Runner {
  /// Runs one scenario from its first step to its last, or to the first that fails.
  ///
  /// - Parameters:
  ///   - leavings: the folders that get the chip's memory, the authority's books, the transcript and
  ///     the command that runs the scenario again where it fails; nil leaves nothing.
  ///   - progress: told of each step when it ended.
  public static func run(
    _ scenario: Scenario, on workbench: any Workbench, leavings: Leavings? = nil,
    progress: (StepResult) -> Void = { _ in }
  ) -> ScenarioResult {
    let began = Date()
    let start = ContinuousClock.now
    let world: World
    do {
      world = try World(scenario, on: workbench, keepsImage: leavings != nil)
    } catch {
      return ScenarioResult(
        scenario: scenario, channel: workbench.channelName,
        options: workbench.options, steps: [],
        environmentFailure: "\(error)", began: began, duration: start.duration(to: .now))
    }
    var results: [StepResult] = []
    for placed in scenario.steps {
      let result = run(placed, in: world)
      results.append(result)
      progress(result)
      if result.failure != nil { break }
    }
    var result = ScenarioResult(
      scenario: scenario, channel: workbench.channelName,
      options: workbench.options, steps: results,
      environmentFailure: nil, began: began, duration: start.duration(to: .now))
    do throws(FileFailure) {
      defer { world.end() }
      if let leavings, !result.hasPassed {
        try keep(result, in: leavings.path(of: scenario, over: result.channel), world)
      }
    } catch {
      result.leavingFailure = error
    }
    return result
  }

  private static func run(_ placed: PlacedStep, in world: World) -> StepResult {
    let start = ContinuousClock.now
    let before = world.exchanges.count
    let day = Day(world.clock.now)
    var title = placed.step.title
    var failure: StepFailure?
    do throws(StepFailure) {
      let step = try placed.step(with: world.captures)
      title = step.title
      try world.permit(step)
      try step.run(in: world)
    } catch {
      failure = error
    }
    return StepResult(
      place: placed.place, keyword: placed.keyword, title: title, day: day, failure: failure,
      exchanges: Array(world.exchanges[before...]), events: world.newEvents(),
      duration: start.duration(to: .now))
  }

  /// Makes a folder for what a failed scenario leaves: files for their owner alone, as codes and keys
  /// are in them.
  private static func keep(_ result: ScenarioResult, in folder: String, _ world: World)
    throws(FileFailure)
  {
    try HostFolder.make(folder)
    let report = ScenarioReport(result)
    for (name, text) in [
      ("transcript.json", JSONReport.lines(of: [report])),
      ("again.sh", "#!/bin/sh\n\(report.reproduction)\n"),
    ] {
      try HostFile.replace(folder + "/" + name, with: Data(text.utf8))
    }
    try world.copyFiles(to: folder)
  }
}
