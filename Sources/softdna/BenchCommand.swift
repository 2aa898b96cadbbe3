import ArgumentParser
import Authority
import Foundation
import TokenHost
import VirtualReader

/// `softdna bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the token beside the least its surroundings allow, in the same run.",
    discussion: """
      Absolute times say little about another machine; the ratio to the floor does. The floor of \
      the PC/SC round trip is a card in C on the same sockets that does nothing. Heap allocations \
      are counted after the first commands; a debug build makes many that a release build does not.
      """)

  @Option(help: "Round trips with each card.") var rounds = 20_000
  @Flag(help: "Print the result as JSON.") var json = false

  func run() throws {
    guard rounds >= 100 else { throw Failure("--rounds takes 100 or more") }
    let floorCard = try companion("softdna-floor-card")
    let counter = try companion("softdna-allocation-count")
    let path = NSTemporaryDirectory() + "softdna-bench-" + UUID().uuidString
    let directory = StateDirectory(path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let issue = TokenIssue(
      directory: directory, holder: .fictitious, chip: .current, kind: .token, seed: 1,
      clock: .real)
    let issued = try issue.run { _ in }
    let copy = try directory.openToken(isVolatile: true)
    let slot = try directory.openToken()
    let inProcess = try failing {
      try InProcessBenchmark.run(
        slot, copy: copy, pin: issued.scratchCard.pinCNS, counter: counter)
    }
    let result = try failing {
      try RoundTripBenchmark.run(card: slot, floorCard: floorCard, rounds: rounds)
    }
    if json {
      try printJSON(result, inProcess)
    } else {
      printTable(result)
      printTable(inProcess)
    }
  }

  /// A program that is built beside this one.
  private func companion(_ name: String) throws -> String {
    let path = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent(name).path
    guard FileManager.default.isExecutableFile(atPath: path) else {
      throw Failure("\(path) is missing; build it: swift build -c release")
    }
    return path
  }

  private func printTable(_ result: InProcessBenchmark) {
    Console.print("\nThe token itself, in one thread")
    Console.print("                    a second   allocations each")
    for row in result.results {
      let allocations = row.allocations.map { String(format: "%17.2f", $0) } ?? ""
      Console.print(
        "  " + row.command.padding(toLength: 16, withPad: " ", startingAt: 0)
          + String(format: "%10.0f", row.perSecond) + allocations)
    }
  }

  private func printTable(_ result: RoundTripBenchmark) {
    Console.print("PC/SC round trip of GET CHALLENGE, pcscd + vpcd, \(rounds) each")
    Console.print("              median      p99")
    for (name, times) in [("token", result.card), ("floor card", result.floor)] {
      Console.print(
        "  " + name.padding(toLength: 12, withPad: " ", startingAt: 0)
          + "\(microseconds(times.median))  \(microseconds(times.percentile99))")
    }
    Console.print("  ratio       " + String(format: "%.3f", result.ratio))
  }

  private func printJSON(_ result: RoundTripBenchmark, _ inProcess: InProcessBenchmark) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    let commands = String(decoding: try encoder.encode(inProcess.results), as: UTF8.self)
    Console.print(
      String(
        format: """
          {"pcscRoundTrip":{"rounds":%d,"token":{"medianMicroseconds":%.1f,"p99Microseconds":%.1f},\
          "floor":{"medianMicroseconds":%.1f,"p99Microseconds":%.1f},"ratio":%.4f},"inProcess":
          """, rounds, result.card.median / .microseconds(1),
        result.card.percentile99 / .microseconds(1), result.floor.median / .microseconds(1),
        result.floor.percentile99 / .microseconds(1), result.ratio) + commands + "}")
  }

  private func microseconds(_ duration: Duration) -> String {
    String(format: "%7.1f µs", duration / .microseconds(1))
  }
}
