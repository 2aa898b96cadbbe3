import ArgumentParser
import Foundation
import Traces

/// `softdna trace diff`.
struct TraceDiffCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "diff",
    abstract: "Compare two traces by what they mean.",
    discussion: """
      Challenges, cryptograms, signatures, codes, keys and the contents of personal files count by \
      what they are, not by their bytes; chains, GET RESPONSE and resets in a row are one step. \
      --exact compares every byte.

      Exit status: 0 the same, 1 different, 2 usage or environment.
      """)

  @Argument(help: "The first trace file.") var first: String
  @Argument(help: "The second trace file.") var second: String
  @Flag(help: "Compare every byte.") var exact = false
  @Flag(help: "Print JSON lines, one a difference.") var json = false

  func run() throws {
    let comparison = TraceComparison(
      try Trace.read(first), try Trace.read(second), isExact: exact)
    try Self.tell(comparison, json: json)
  }

  /// Prints what two traces differ in and ends with 1 where they do.
  static func tell(_ comparison: TraceComparison, json: Bool) throws {
    for difference in comparison.differences {
      if json { Console.print(difference.json) } else { print(difference) }
    }
    if !json {
      let count = comparison.differences.count
      Console.print(
        count == 0
          ? Console.paint("the same in \(comparison.steps) steps", .green)
          : Console.paint(
            "\(count) difference\(count == 1 ? "" : "s") in \(comparison.steps) steps", .red))
    }
    if !comparison.isEmpty { throw ExitCode(1) }
  }

  private static func print(_ difference: TraceComparison.Difference) {
    func place(_ number: Int?) -> String { number.map { "#\($0)" } ?? "–" }
    Console.print(
      Console.paint(
        "\(place(difference.firstNumber)) \(place(difference.secondNumber))", .dim) + "  "
        + Console.paint(difference.request, .bold))
    Console.print(Console.paint("  - \(difference.first)", .red))
    Console.print(Console.paint("  + \(difference.second)", .green))
  }
}
