import Testing

@testable import softdna

@Suite("Figures of the performance table")
struct MeasurementTests {
  @Test("the median is the middle, or between the two middle ones")
  func median() {
    #expect(Samples([5]).median == 5)
    #expect(Samples([9, 1, 5]).median == 5)
    #expect(Samples([4, 1, 9, 2]).median == 3)
  }

  @Test("one sample in a hundred costs more than the 99th percentile")
  func percentile() {
    let thousand = Samples((1...1000).map(Double.init).shuffled())
    #expect(thousand.percentile99 == 991)
    #expect((1...1000).count { Double($0) >= thousand.percentile99 } == 10)
    // Too few for a hundredth: the dearest.
    #expect(Samples([3, 1, 2]).percentile99 == 3)
    #expect(Samples([7]).percentile99 == 7)
  }

  @Test("the ratio is a cost in costs of the floor; nothing has none")
  func ratio() {
    #expect(Measurement(.time, [3, 3, 30], floor: [2]).ratio == 1.5)
    #expect(Measurement(.count, [2], floor: [0]).ratio == nil)
  }

  @Test("a rate is shown for a time, and its slow end is the 99th percentile")
  func rate() {
    #expect(Measurement.Unit.rate.value(of: 0.25) == 4)
    #expect(Measurement.Unit.time.value(of: 0.25) == 0.25)
    let json = BenchmarkJSON.Figures(Samples([0.25, 0.25, 0.5]), .rate)
    #expect(json.median == 4)
    #expect(json.p99 == 2)
    // Twice as slow is twice the cost, not half of it.
    #expect(Measurement(.rate, [0.5], floor: [0.25]).ratio == 2)
  }

  @Test("both sides take turns, as often as asked, and as many samples")
  func turns() {
    var order = ""
    let result = Measurement.inTurns(.time, samples: 5, turns: 2) {
      order += "s"
      return .seconds(2)
    } floor: {
      order += "f"
      return .milliseconds(500)
    }
    #expect(order == "ssffsssfff")
    #expect(result.samples.count == 5)
    #expect(result.floor.count == 5)
    #expect(result.ratio == 4)
  }

  @Test("a batch is told as the time of one")
  func batch() {
    var calls = 0
    let time = timed(batch: 1000) { calls += 1 }
    #expect(calls == 1000)
    #expect(time > .zero)
    #expect(time < .milliseconds(1))
  }

  @Test(
    "people read units that fit",
    arguments: [
      (25e-6, Measurement.Unit.time, "25.0 µs"), (0.0412, .time, "41.20 ms"),
      (1.5, .time, "1.50 s"),
      (1e-6, .rate, "1000 k/s"), (2e-4, .rate, "5000 /s"), (0.5, .rate, "2.0 /s"),
      (131_072, .bytes, "128.0 KiB"), (0, .count, "0.00"),
    ])
  func text(cost: Double, unit: Measurement.Unit, text: String) {
    #expect(BenchmarkTable.text(of: cost, in: unit) == text)
  }
}

@Suite("Rows of the performance table")
struct BenchmarkRowTests {
  @Test("every row has a name of its own, which --only takes")
  func names() throws {
    let names = BenchmarkRow.all.map(\.name)
    #expect(Set(names).count == names.count)
    #expect(try BenchmarkRow.named([]).map(\.name) == names)
    #expect(
      try BenchmarkRow.named(["select", "pcsc-sign"]).map(\.name) == ["pcsc-sign", "select"])
  }

  @Test("a name that no row has is refused before anything is measured")
  func unknown() {
    #expect { try BenchmarkRow.named(["select", "speed"]) } throws: {
      ($0 as? Failure)?.message.contains("\"speed\"") == true
    }
  }

  @Test("a row that cannot be measured says why, in both forms")
  func unmeasurable() throws {
    let result = BenchmarkResult(
      row: try #require(BenchmarkRow.all.first), outcome: .failure(Unmeasurable(reason: "no such")))
    #expect(BenchmarkTable(results: [result]).text.contains("no such"))
    let json = BenchmarkJSON([result], isQuick: true).rows[0]
    #expect(json.missing == "no such")
    #expect(json.measured == nil && json.ratio == nil)
  }
}
