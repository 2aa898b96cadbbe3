import Foundation
import Scenarios
import Synchronization

/// Scenarios side by side, each with a token and a world of its own; results come in the order of
/// the scenarios.
final class ScenarioBatch: Sendable {
  private let scenarios: [Scenario]
  private let workbench: any Workbench
  private let artifacts: String?
  private let stopsAtFailure: Bool
  private let progress: Mutex<Progress>

  private struct Progress {
    var next = 0
    var hasFailed = false
    var results: [Int: ScenarioReport] = [:]
    var delivered = 0
  }

  init(
    _ scenarios: [Scenario], on workbench: any Workbench, artifacts: String?, stopsAtFailure: Bool
  ) {
    self.scenarios = scenarios
    self.workbench = workbench
    self.artifacts = artifacts
    self.stopsAtFailure = stopsAtFailure
    progress = Mutex(Progress())
  }

  /// Runs them all, or until one fails.
  ///
  /// - Parameters:
  ///   - jobs: how many at a time.
  ///   - report: gets each result, in order, one at a time.
  func run(jobs: Int, report: @escaping @Sendable (ScenarioReport) -> Void) -> [ScenarioReport] {
    let workers = min(jobs, scenarios.count)
    let ended = DispatchSemaphore(value: 0)
    for _ in 0..<workers {
      // Threads of their own: a scenario blocks, and what it starts must not inherit blocked signals.
      let thread = Thread { [self] in
        work(report)
        ended.signal()
      }
      thread.stackSize = 8 << 20
      thread.start()
    }
    for _ in 0..<workers { ended.wait() }
    return progress.withLock { progress in
      progress.results.sorted { $0.key < $1.key }.map(\.value)
    }
  }

  private func work(_ report: (ScenarioReport) -> Void) {
    while let index = take() {
      let result = ScenarioReport(
        Runner.run(scenarios[index], on: workbench, artifacts: artifacts))
      progress.withLock { progress in
        progress.results[index] = result
        if !result.passed { progress.hasFailed = true }
        while let next = progress.results[progress.delivered] {
          report(next)
          progress.delivered += 1
        }
      }
    }
  }

  private func take() -> Int? {
    progress.withLock { progress in
      guard progress.next < scenarios.count, !(stopsAtFailure && progress.hasFailed) else {
        return nil
      }
      defer { progress.next += 1 }
      return progress.next
    }
  }
}
