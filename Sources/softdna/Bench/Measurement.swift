/// What something cost, again and again: seconds, bytes or a count for each sample.
struct Samples: Equatable {
  private let sorted: [Double]

  /// - Parameter values: at least one.
  init(_ values: [Double]) {
    precondition(!values.isEmpty, "a row is measured at least once")
    sorted = values.sorted()
  }

  var count: Int { sorted.count }
  /// Half of the samples cost less; the middle between the two middle ones where their number is
  /// even.
  var median: Double {
    (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }
  /// One sample in a hundred cost more; the dearest one where there are fewer than a hundred.
  var percentile99: Double { sorted[min(sorted.count * 99 / 100, sorted.count - 1)] }
}

/// A row's figures: what was measured, and its floor in the same run.
struct Measurement: Equatable {
  /// What a value of a row is. Samples are always costs; a rate is shown for a time.
  enum Unit: String {
    /// Seconds for one.
    case time = "s"
    /// How many in a second.
    case rate = "1/s"
    /// Bytes of memory.
    case bytes = "bytes"
    /// Of something that is counted.
    case count = "count"

    /// The value shown for a cost.
    func value(of cost: Double) -> Double { self == .rate ? 1 / cost : cost }
  }

  let unit: Unit
  let samples: Samples
  let floor: Samples
  /// What else is worth knowing: another program's figure, a size.
  var notes: [String] = []

  /// How many times the floor's cost: 1 is the floor, 2 twice as slow or twice as big. Nil where the
  /// floor is nothing.
  var ratio: Double? { floor.median > 0 ? samples.median / floor.median : nil }

  init(_ unit: Unit, _ samples: [Double], floor: [Double], notes: [String] = []) {
    self.unit = unit
    self.samples = Samples(samples)
    self.floor = Samples(floor)
    self.notes = notes
  }

  /// Takes samples of both in turns: what the machine does meanwhile, it does to both.
  ///
  /// - Parameters:
  ///   - count: samples of each.
  ///   - turns: how often they change places, at most `count`.
  ///   - subject: one sample of what is measured.
  ///   - floor: one sample of the floor.
  static func inTurns(
    _ unit: Unit, samples count: Int, turns: Int = 20, subject: () throws -> Duration,
    floor: () throws -> Duration
  ) rethrows -> Measurement {
    var times: [Double] = []
    var floorTimes: [Double] = []
    times.reserveCapacity(count)
    floorTimes.reserveCapacity(count)
    for turn in 0..<turns {
      let end = count * (turn + 1) / turns
      while times.count < end { times.append(try subject() / .seconds(1)) }
      while floorTimes.count < end { floorTimes.append(try floor() / .seconds(1)) }
    }
    return Measurement(unit, times, floor: floorTimes)
  }
}

/// What one call takes.
///
/// - Parameter batch: calls between two looks at the clock, where one is too short for it.
func timed(batch: Int = 1, _ body: () throws -> Void) rethrows -> Duration {
  let start = ContinuousClock.now
  for _ in 0..<batch { try body() }
  return start.duration(to: .now) / batch
}
