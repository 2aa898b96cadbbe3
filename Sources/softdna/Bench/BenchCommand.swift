import ArgumentParser
import Foundation

/// `softdna bench`.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure the token beside the least its surroundings allow, in the same run.",
    discussion: """
      Absolute times say little about another machine; the ratio does: what a row costs, in costs \
      of its floor. Both are measured in turns, so that whatever else the machine does, it does to \
      both. docs/performance.md explains every row. A debug build says nothing about speed.

      Exit status: 0 measured, also where a row needs a package that is not installed and says so; \
      1 a card failed; 2 usage or environment.
      """)

  @Option(parsing: .upToNextOption, help: "Measure these rows only.") var only: [String] = []
  @Flag(help: "Name the rows; measure nothing.") var list = false
  @Flag(help: "Few samples: whether every row works, not how fast it is.") var quick = false
  @Flag(help: "Print the table as JSON.") var json = false

  func run() throws {
    let rows = try BenchmarkRow.named(only)
    guard !list else {
      for row in rows { Console.print("\(row.name)\t\(row.title) / \(row.floor)") }
      return
    }
    let site = try BenchmarkSite(isQuick: quick)
    defer { site.close() }
    let progress = ProgressLine(total: rows.count)
    let results = try rows.map { row in
      progress.show(row.title)
      defer { progress.advance() }
      return BenchmarkResult(row: row, outcome: try measure(row, at: site))
    }
    progress.clear()
    if json {
      Console.print(try BenchmarkJSON(results, isQuick: quick).encoded())
    } else {
      Console.write(BenchmarkTable(results: results).text)
    }
  }

  private func measure(_ row: BenchmarkRow, at site: BenchmarkSite) throws
    -> Result<Measurement, Unmeasurable>
  {
    do { return .success(try row.measure(site)) } catch let reason as Unmeasurable {
      return .failure(reason)
    } catch let failure as Failure { throw failure } catch {
      throw Failure("\(row.name): \(error)")
    }
  }
}
