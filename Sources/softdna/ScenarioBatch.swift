import Foundation
import HostFiles
import Scenarios
import Synchronization
import Traces

/// Scenarios side by side, each with a token and a world of its own; results come in the order of
/// the scenarios.
final class ScenarioBatch: Sendable {
  private let scenarios: [Scenario]
  private let workbench: any Workbench
  private let artifacts: Leavings?
  private let traces: Leavings?
  private let stopsAtFailure: Bool
  private let progress: Mutex<Progress>

  private struct Progress {
    var next = 0
    var hasFailed = false
    var results: [Int: ScenarioReport] = [:]
    var delivered = 0
    var failures: [FileFailure] = []
  }

  /// - Parameters:
  ///   - artifacts: what scenarios that failed leave: transcript, capture, image, books and the
  ///     command; nil for nothing.
  ///   - traces: a trace of each; nil for none.
  init(
    _ scenarios: [Scenario], on workbench: any Workbench, artifacts: Leavings?, traces: Leavings?,
    stopsAtFailure: Bool
  ) {
    self.scenarios = scenarios
    self.workbench = workbench
    self.artifacts = artifacts
    self.traces = traces
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

  /// What could not be written of what was to be left.
  var failures: [FileFailure] { progress.withLock(\.failures) }

  private func work(_ report: (ScenarioReport) -> Void) {
    while let index = take() {
      let traced = traces == nil ? nil : TracedWorkbench(workbench)
      let told = Runner.run(scenarios[index], on: traced ?? workbench, leavings: artifacts)
      let failures = [
        told.leavingFailure, capture(told), traced.flatMap { leave($0.trace, of: told) },
      ]
      progress.withLock { $0.failures += failures.compactMap(\.self) }
      let result = ScenarioReport(told)
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

  /// Leaves what went over the wire as a capture file beside the other artifacts of a failure. When
  /// a command was sent is known to the step. Answers what could not be written.
  private func capture(_ result: ScenarioResult) -> FileFailure? {
    guard let artifacts, !result.hasPassed, result.leavingFailure == nil else { return nil }
    var trace = Trace(header: TraceHeader(channel: result.channel, started: result.began))
    var time = Duration.zero
    for step in result.steps {
      let start = Int(time / .microseconds(1))
      for (offset, exchange) in step.exchanges.enumerated() {
        trace.entries.append(
          TraceEntry(time: start + offset, event: .exchange(exchange, redacted: nil)))
      }
      time += step.duration
    }
    return leave(
      Data(PcapFormat.bytes(of: trace)),
      at: artifacts.path(of: result.scenario, over: result.channel) + "/trace.pcap")
  }

  private func leave(_ trace: Trace, of result: ScenarioResult) -> FileFailure? {
    guard let traces else { return nil }
    return leave(
      Data(trace.lines.utf8),
      at: traces.path(of: result.scenario, over: result.channel) + ".jsonl")
  }

  private func leave(_ data: Data, at path: String) -> FileFailure? {
    do throws(FileFailure) {
      try HostFolder.make(HostFolder.parent(of: path))
      try HostFile.replace(path, with: data)
      return nil
    } catch {
      return error
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
