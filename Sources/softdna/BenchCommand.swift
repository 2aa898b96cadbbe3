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
      the PC/SC round trip is a card in C on the same sockets that does nothing.
      """)

  @Option(help: "Round trips with each card.") var rounds = 20_000
  @Flag(help: "Print the result as JSON.") var json = false

  func run() throws {
    guard rounds >= 100 else { throw Failure("--rounds takes 100 or more") }
    let floorCard = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
      .deletingLastPathComponent().appendingPathComponent("softdna-floor-card").path
    guard FileManager.default.isExecutableFile(atPath: floorCard) else {
      throw Failure("\(floorCard) is missing; build it: swift build -c release")
    }
    let path = NSTemporaryDirectory() + "softdna-bench-" + UUID().uuidString
    let directory = StateDirectory(path: path)
    defer { try? FileManager.default.removeItem(atPath: path) }
    let issue = TokenIssue(
      directory: directory, holder: .fictitious, chip: .current, kind: .token, seed: 1,
      clock: .real)
    _ = try issue.run { _ in }
    let slot = try directory.openToken()
    let result = try failing {
      try RoundTripBenchmark.run(card: slot, floorCard: floorCard, rounds: rounds)
    }
    json ? printJSON(result) : printTable(result)
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

  private func printJSON(_ result: RoundTripBenchmark) {
    Console.print(
      String(
        format: """
          {"pcscRoundTrip":{"rounds":%d,"token":{"medianMicroseconds":%.1f,"p99Microseconds":%.1f},\
          "floor":{"medianMicroseconds":%.1f,"p99Microseconds":%.1f},"ratio":%.4f}}
          """, rounds, result.card.median / .microseconds(1),
        result.card.percentile99 / .microseconds(1), result.floor.median / .microseconds(1),
        result.floor.percentile99 / .microseconds(1), result.ratio))
  }

  private func microseconds(_ duration: Duration) -> String {
    String(format: "%7.1f µs", duration / .microseconds(1))
  }
}
