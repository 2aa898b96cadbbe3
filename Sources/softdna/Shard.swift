import ArgumentParser
import Foundation

/// One of several parts that machines run side by side: the i-th of n, i counted from 1.
struct Shard: ExpressibleByArgument, Equatable {
  let index: Int
  let count: Int

  /// "i/n".
  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1] else { return nil }
    self.init(index, of: count)
  }

  private init?(_ index: Int, of count: Int) {
    guard (1...Self.most).contains(count), (1...count).contains(index) else { return nil }
    self.index = index
    self.count = count
  }

  private static let most = 10_000

  /// Every n-th element.
  func part<Element>(of all: [Element]) -> [Element] {
    all.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
  }
}

extension Shard {
  /// What a scheduler tells a job about its part.
  private struct Scheduler {
    let index: String
    let total: String
    /// The first part's number.
    var first = 0
  }

  /// GitLab and others count from 1, an Indexed Job of Kubernetes (with the JOB_COMPLETIONS that its
  /// manifest sets) from 0.
  private static let schedulers = [
    Scheduler(index: "CI_NODE_INDEX", total: "CI_NODE_TOTAL", first: 1),
    Scheduler(index: "JOB_COMPLETION_INDEX", total: "JOB_COMPLETIONS"),
  ]

  /// The part that the machine's scheduler gives this job; nil where there is none.
  ///
  /// - Throws: where its variables are not complete, or contradict each other: a part that nobody runs,
  ///   or that everybody runs, would not be noticed.
  static func scheduled(
    by environment: [String: String] = ProcessInfo.processInfo.environment
  ) throws -> Shard? {
    let variables = Variables(environment)
    var found: [(Shard, String)] = []
    for scheduler in schedulers {
      guard variables.has(scheduler.index) || variables.has(scheduler.total) else { continue }
      // GitLab tells every job its total, and an index only those that are parallel.
      if scheduler.first == 1, !variables.has(scheduler.index),
        try variables.number(scheduler.total) == 1
      {
        continue
      }
      let index = try variables.number(scheduler.index)
      let count = try variables.number(scheduler.total)
      // Compared, not subtracted: the index may be as large as a number can be.
      guard index >= scheduler.first, index <= Self.most,
        let shard = Shard(index + 1 - scheduler.first, of: count)
      else {
        throw variables.refusal(
          "\(scheduler.index)=\(index) of \(scheduler.total)=\(count) is no part of 1 to \(most);"
            + " the first part is \(scheduler.first)")
      }
      found.append((shard, scheduler.index))
    }
    if let shard = try slurm(variables) { found.append((shard, "SLURM_ARRAY_TASK_ID")) }
    guard let (shard, name) = found.first else { return nil }
    if let (other, otherName) = found.first(where: { $0.0 != shard }) {
      throw variables.refusal(
        "\(name) says part \(shard.index) of \(shard.count), and \(otherName) part \(other.index) of "
          + "\(other.count)")
    }
    return shard
  }

  /// A Slurm array: task numbers from MIN to MAX, STEP apart. An array that is a list of other numbers
  /// (1,5,7) has no order that could be told from here.
  private static func slurm(_ variables: Variables) throws -> Shard? {
    let prefix = "SLURM_ARRAY_TASK_"
    guard variables.has(prefix + "ID") || variables.has(prefix + "COUNT") else { return nil }
    let (id, count) = (try variables.number(prefix + "ID"), try variables.number(prefix + "COUNT"))
    let least = try variables.number(prefix + "MIN", or: 0)
    let step = try variables.number(prefix + "STEP", or: 1)
    let (distance, isTooFar) = id.subtractingReportingOverflow(least)
    guard !isTooFar, step > 0, distance >= 0, distance % step == 0, distance / step < Self.most,
      let shard = Shard(distance / step + 1, of: count)
    else {
      throw variables.refusal(
        "\(prefix)ID=\(id) is none of \(count) tasks from \(least) in steps of \(step)")
    }
    if variables.has(prefix + "MAX") {
      let most = try variables.number(prefix + "MAX")
      let (span, isTooLong) = most.subtractingReportingOverflow(least)
      guard !isTooLong, span >= 0, span / step + 1 == count else {
        throw variables.refusal(
          "\(count) tasks from \(least) to \(most) in steps of \(step) are no array without gaps")
      }
    }
    return shard
  }

  /// The environment, as far as it is about parts.
  private struct Variables {
    private let all: [String: String]

    /// - Parameter all: one that is set to nothing is as good as not set.
    init(_ all: [String: String]) { self.all = all.filter { !$0.value.isEmpty } }

    func has(_ name: String) -> Bool { all[name] != nil }

    /// - Throws: where it is missing and has no fallback, or is no number.
    func number(_ name: String, or fallback: Int? = nil) throws -> Int {
      guard let text = all[name] else {
        if let fallback { return fallback }
        throw refusal("\(name) is not set")
      }
      guard let number = Int(text) else { throw refusal("\(name) is \"\(text)\", not a number") }
      return number
    }

    func refusal(_ reason: String) -> Failure {
      Failure(
        "which part to run cannot be told: \(reason). Name it (--shard 2/4), run all (--shard 1/1), or"
          + " mend the scheduler's variables")
    }
  }
}
