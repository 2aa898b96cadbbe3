import Glibc
import Testing

@testable import VirtualReader

@Suite("The round-trip benchmark", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct RoundTripBenchmarkTests {
  /// The floor card is where the build puts every product: beside the test bundle we run from.
  private func floorCard() throws -> String {
    let lines = contents(of: "/proc/self/maps").split(separator: "\n")
    let bundle = try #require(lines.first { $0.hasSuffix(".xctest") })
    let start = try #require(bundle.firstIndex(of: "/"))
    let end = try #require(bundle.lastIndex(of: "/"))
    return bundle[start..<end] + "/softdna-floor-card"
  }

  @Test("measures a card beside one that does nothing, and is not far from it")
  func measure() throws {
    let result = try RoundTripBenchmark.run(card: TestCard(), floorCard: floorCard(), rounds: 2000)
    // 40 ms is what a delayed acknowledgement costs; a debug build on a busy machine never comes
    // near it.
    #expect(result.card.median < .milliseconds(20))
    #expect(result.floor.median < .milliseconds(20))
    #expect(result.card.percentile99 >= result.card.median)
    #expect(result.ratio < 3)
  }

  @Test("says what to build where the floor card is missing")
  func missing() {
    #expect {
      try RoundTripBenchmark.run(card: TestCard(), floorCard: "/nowhere/at-all")
    } throws: { error in
      "\(error)".contains("swift build --product softdna-floor-card")
    }
  }
}
