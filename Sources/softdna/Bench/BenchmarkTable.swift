import Foundation

/// The table as people read it.
struct BenchmarkTable {
  let results: [BenchmarkResult]

  private static let headings = [
    "row", "median", "p99", "floor", "floor's p99", "ratio", "what, and its floor",
  ]

  var text: String {
    var lines = [Self.headings]
    for result in results { lines.append(columns(of: result)) }
    let widths = Self.headings.indices.map { column in
      lines.map { $0[column].count }.max() ?? 0
    }
    var text: [String] = []
    for (index, line) in lines.enumerated() {
      let row = line.indices.map { column in
        switch column {
        case 0: line[column].padding(toLength: widths[column], withPad: " ", startingAt: 0)
        case Self.headings.count - 1: line[column]
        default: String(repeating: " ", count: widths[column] - line[column].count) + line[column]
        }
      }.joined(separator: "  ")
      text.append(index == 0 ? Console.paint(row, .bold) : row)
      if index > 0, case .success(let measurement) = results[index - 1].outcome {
        text += measurement.notes.map {
          Console.paint(String(repeating: " ", count: widths[0] + 2) + $0, .dim)
        }
      }
    }
    return text.joined(separator: "\n") + "\n"
  }

  private func columns(of result: BenchmarkResult) -> [String] {
    let what = "\(result.row.title) / \(result.row.floor)"
    switch result.outcome {
    case .failure(let reason): return [result.row.name, "-", "-", "-", "-", "-", reason.reason]
    case .success(let measurement):
      let costs = [
        measurement.samples.median, measurement.samples.percentile99, measurement.floor.median,
        measurement.floor.percentile99,
      ]
      return [result.row.name] + costs.map { Self.text(of: $0, in: measurement.unit) }
        + [measurement.ratio.map { String(format: "%.2f", $0) } ?? "-", what]
    }
  }

  /// A cost with a unit a person reads easily.
  static func text(of cost: Double, in unit: Measurement.Unit) -> String {
    let value = unit.value(of: cost)
    return switch unit {
    case .time:
      switch value {
      case ..<1e-3: String(format: "%.1f µs", value * 1e6)
      case ..<1: String(format: "%.2f ms", value * 1e3)
      default: String(format: "%.2f s", value)
      }
    case .rate:
      switch value {
      case 1e5...: String(format: "%.0f k/s", value / 1e3)
      case 100...: String(format: "%.0f /s", value)
      default: String(format: "%.1f /s", value)
      }
    case .bytes: String(format: "%.1f KiB", value / 1024)
    case .count: String(format: "%.2f", value)
    }
  }
}

/// The table as programs read it; `version` counts up when a key means something else.
struct BenchmarkJSON: Encodable {
  /// The figures of one side.
  struct Figures: Encodable {
    let samples: Int
    let median: Double
    let p99: Double

    init(_ samples: Samples, _ unit: Measurement.Unit) {
      self.samples = samples.count
      median = unit.value(of: samples.median)
      p99 = unit.value(of: samples.percentile99)
    }
  }

  /// One row: with figures, or with the reason why there are none.
  struct Row: Encodable {
    let row: String
    let title: String
    let floorIs: String
    var unit: String?
    var measured: Figures?
    var floor: Figures?
    var ratio: Double?
    var notes: [String]?
    var missing: String?
  }

  let version = 1
  let quick: Bool
  let rows: [Row]

  init(_ results: [BenchmarkResult], isQuick: Bool) {
    quick = isQuick
    rows = results.map { result in
      var row = Row(row: result.row.name, title: result.row.title, floorIs: result.row.floor)
      switch result.outcome {
      case .failure(let reason): row.missing = reason.reason
      case .success(let measurement):
        row.unit = measurement.unit.rawValue
        row.measured = Figures(measurement.samples, measurement.unit)
        row.floor = measurement.ratio == nil ? nil : Figures(measurement.floor, measurement.unit)
        row.ratio = measurement.ratio
        row.notes = measurement.notes.isEmpty ? nil : measurement.notes
      }
      return row
    }
  }

  func encoded() throws -> String {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    return String(decoding: try encoder.encode(self), as: UTF8.self)
  }
}
