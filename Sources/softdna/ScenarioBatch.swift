import Foundation
import Scenarios
import Synchronization
import Traces

/// Scenarios side by side, each with a token and a world of its own; results come in the order of
/// the scenarios.
final class ScenarioBatch: Sendable {
  private let scenarios: [Scenario]
  private let workbench: any Workbench
  private let leavings: Leavings
  private let stopsAtFailure: Bool
  private let progress: Mutex<Progress>

  /// The folders that get what scenarios leave; nil for nothing.
  struct Leavings {
    /// Of those that failed: transcript, capture, image, books and the command.
    let artifacts: String?
    /// Of all: a trace each.
    let traces: String?
  }

  private struct Progress {
    var next = 0
    var hasFailed = false
    var results: [Int: ScenarioReport] = [:]
    var delivered = 0
  }

  init(
    _ scenarios: [Scenario], on workbench: any Workbench, leaving leavings: Leavings,
    stopsAtFailure: Bool
  ) {
    self.scenarios = scenarios
    self.workbench = workbench
    self.leavings = leavings
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
      let traced = leavings.traces == nil ? nil : TracedWorkbench(workbench)
      let told = Runner.run(
        scenarios[index], on: traced ?? workbench, artifacts: leavings.artifacts)
      if let artifacts = leavings.artifacts, !told.hasPassed { capture(told, in: artifacts) }
      if let traced, let traces = leavings.traces {
        leave(traced.trace, at: told.folder(in: traces) + ".jsonl")
      }
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
  /// a command was sent is known to the step.
  private func capture(_ result: ScenarioResult, in artifacts: String) {
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
    let path = result.folder(in: artifacts) + "/trace.pcap"
    let bytes = Data(PcapFormat.bytes(of: trace))
    if !FileManager.default.createFile(atPath: path, contents: bytes) {
      Console.error("\(path) cannot be written")
    }
  }

  private func leave(_ trace: Trace, at path: String) {
    let folder = (path as NSString).deletingLastPathComponent
    do {
      try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
      try TraceWriter.write(trace, to: path, .lines)
    } catch {
      Console.error("\(Failure(error))")
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
