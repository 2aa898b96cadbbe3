public import Authority
import Cryptography
public import Foundation
import ISO7816
public import Terminal

/// How one step went.
public struct StepResult: Sendable {
  /// Where the step is.
  public let place: SourcePlace
  /// What it does.
  public let title: String
  /// The day on the scenario's clock when it began.
  public let day: Day
  /// What went wrong, or nil.
  public let failure: StepFailure?
  /// What went over the wire.
  public let exchanges: [Exchange]
  /// How long it took.
  public let duration: Duration
}

/// How one scenario went.
public struct ScenarioResult: Sendable {
  /// The scenario.
  public let scenario: Scenario
  /// The channel it ran over.
  public let channel: String
  /// The steps that ran; the last one failed where the scenario did.
  public let steps: [StepResult]
  /// The world could not be made: no step ran.
  public let environmentFailure: String?
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
  /// - Parameter progress: told of each step when it ended.
  public static func run(
    _ scenario: Scenario, on workbench: any Workbench,
    progress: (StepResult) -> Void = { _ in }
  ) -> ScenarioResult {
    let began = Date()
    let start = ContinuousClock.now
    let world: World
    do { world = try World(scenario, on: workbench) } catch {
      return ScenarioResult(
        scenario: scenario, channel: workbench.channelName, steps: [],
        environmentFailure: "\(error)", began: began, duration: start.duration(to: .now))
    }
    defer { world.end() }
    var results: [StepResult] = []
    for placed in scenario.steps {
      let result = run(placed, in: world)
      results.append(result)
      progress(result)
      if result.failure != nil { break }
    }
    return ScenarioResult(
      scenario: scenario, channel: workbench.channelName, steps: results,
      environmentFailure: nil, began: began, duration: start.duration(to: .now))
  }

  private static func run(_ placed: PlacedStep, in world: World) -> StepResult {
    let start = ContinuousClock.now
    let before = world.exchanges.count
    let day = Day(world.clock.now)
    var failure: StepFailure?
    do throws(StepFailure) { try placed.step.run(in: world) } catch { failure = error }
    return StepResult(
      place: placed.place, title: placed.step.title, day: day, failure: failure,
      exchanges: Array(world.exchanges[before...]), duration: start.duration(to: .now))
  }
}
