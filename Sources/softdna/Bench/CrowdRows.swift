import Foundation
import Synchronization
import TokenHost

extension BenchmarkRow {
  /// Many tokens in one process.
  static let crowd = [
    BenchmarkRow(
      name: "tokens-memory", title: "memory of a token, 1,000 in one process",
      floor: "its flash image"
    ) { site in
      let state = try site.issued().state
      let count = site.amount(1000, quick: 50)
      let image = try FileManager.default.attributesOfItem(atPath: state.image)[.size] as? Int ?? 0
      let before = try residentMemory()
      let tokens = try (0..<count).map { _ in try site.tokenInMemory() }
      let after = try residentMemory()
      return withExtendedLifetime(tokens) {
        Measurement(
          .bytes, [Double(after - before) / Double(count)], floor: [Double(image)],
          notes: ["\(count) issued tokens, each with a key loaded"])
      }
    },
    BenchmarkRow(
      name: "tokens-throughput", title: "commands a second to 1,000 tokens, all cores",
      floor: "each core one token"
    ) { site in
      let threads = ProcessInfo.processInfo.activeProcessorCount
      let each = max(site.amount(1000, quick: 50) / threads, 1)
      let crowds = try (0..<threads).map { _ in
        try (0..<each).map { _ in try site.tokenInMemory() }
      }
      let commands = [Command.select, Command.readBinary, try site.verify(), Command.getChallenge]
      let turns = site.amount(60, quick: 2)
      /// Every thread sends each of its tokens the four commands.
      func send(to crowds: [[Slot]]) throws -> Duration {
        let failures = Failures()
        let time = timed {
          DispatchQueue.concurrentPerform(iterations: threads) { thread in
            var response: [UInt8] = []
            failures.collect {
              for slot in crowds[thread] {
                for command in commands { try slot.succeed(command, into: &response) }
              }
            }
          }
        }
        try failures.throwFirst()
        return time / (threads * each * commands.count)
      }
      let alone = crowds.map { crowd in crowd.map { _ in crowd[0] } }
      return try Measurement.inTurns(
        .rate, samples: turns, turns: turns, subject: { try send(to: crowds) },
        floor: { try send(to: alone) })
    },
  ]

  /// Bytes of this process that are in memory (proc(5), statm).
  private static func residentMemory() throws -> Int {
    let fields = try String(contentsOfFile: "/proc/self/statm", encoding: .utf8).split(
      separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else {
      throw Failure("/proc/self/statm has another form")
    }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }
}

/// The first failure of several threads.
private final class Failures: Sendable {
  private let first = Mutex<(any Error)?>(nil)

  func collect(_ body: () throws -> Void) {
    do { try body() } catch { first.withLock { $0 = $0 ?? error } }
  }

  func throwFirst() throws { if let error = first.withLock({ $0 }) { throw error } }
}
