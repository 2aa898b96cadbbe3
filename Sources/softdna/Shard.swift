import ArgumentParser
import Foundation

/// One of several parts that machines run side by side: the i-th of n, i counted from 1.
struct Shard: ExpressibleByArgument, Equatable {
  let index: Int
  let count: Int

  /// "i/n".
  init?(argument: String) {
    let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map { Int($0) }
    guard parts.count == 2, let index = parts[0], let count = parts[1],
      (1...10_000).contains(count),
      (1...count).contains(index)
    else { return nil }
    self.index = index
    self.count = count
  }

  private init?(_ index: Int?, _ count: Int?, from first: Int) {
    guard let index, let count else { return nil }
    self.init(argument: "\(index - first + 1)/\(count)")
  }

  /// What the machine's scheduler says: GitLab and others (CI_NODE_INDEX from 1, CI_NODE_TOTAL), a
  /// Slurm array (SLURM_ARRAY_TASK_ID from SLURM_ARRAY_TASK_MIN, …_COUNT), an Indexed Job of
  /// Kubernetes (JOB_COMPLETION_INDEX from 0, with the JOB_COMPLETIONS that its manifest sets).
  static func scheduled(
    by environment: [String: String] = ProcessInfo.processInfo.environment
  ) -> Shard? {
    func number(_ name: String) -> Int? { environment[name].flatMap { Int($0) } }
    return Shard(number("CI_NODE_INDEX"), number("CI_NODE_TOTAL"), from: 1)
      ?? Shard(
        number("SLURM_ARRAY_TASK_ID"), number("SLURM_ARRAY_TASK_COUNT"),
        from: number("SLURM_ARRAY_TASK_MIN") ?? 0)
      ?? Shard(number("JOB_COMPLETION_INDEX"), number("JOB_COMPLETIONS"), from: 0)
  }

  /// Every n-th element.
  func part<Element>(of all: [Element]) -> [Element] {
    all.enumerated().filter { $0.offset % count == index - 1 }.map(\.element)
  }
}
