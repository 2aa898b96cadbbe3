import Foundation
import Testing

/// `softdna bench` as a user runs it. Whether every row works; how fast it is says a release build.
@Suite(
  "The performance table", .runsInAWorld(.openssl, .vicc, .pycryptodome), .serialized,
  .timeLimit(.minutes(10)))
struct BenchTests {
  private struct Table: Decodable {
    struct Figures: Decodable {
      let samples: Int
      let median: Double
      let p99: Double
    }
    struct Row: Decodable {
      let row: String
      let title: String
      let floorIs: String
      let unit: String?
      let measured: Figures?
      let floor: Figures?
      let ratio: Double?
      let missing: String?
    }
    let version: Int
    let quick: Bool
    let rows: [Row]
  }

  @Test("every row is measured beside its floor")
  func wholeTable() async throws {
    let folder = try TemporaryFolder()
    let list = try await Softdna.run(["bench", "--list"], in: folder)
    let names = list.output.split(separator: "\n").map { String($0.prefix { $0 != "\t" }) }
    #expect(names.count > 20)

    let outcome = try await Softdna.run(["bench", "--quick", "--json"], in: folder)
    try #require(outcome.status == 0, "\(outcome)")
    let table = try JSONDecoder().decode(Table.self, from: Data(outcome.output.utf8))
    #expect(table.version == 1)
    #expect(table.quick)
    #expect(table.rows.map(\.row) == names)
    for row in table.rows {
      if row.row.hasPrefix("ble-") {
        // There is no test bed in an empty folder; AirTests asks for these where there is.
        #expect(row.missing?.contains("ble/testbed") == true)
        continue
      }
      #expect(row.missing == nil, "\(row.row)")
      #expect(!row.title.isEmpty && !row.floorIs.isEmpty)
      let measured = try #require(row.measured, "\(row.row)")
      #expect(measured.samples > 0)
      #expect(measured.median.isFinite && measured.p99.isFinite)
      // A rate's slow end is the lower one.
      #expect(row.unit == "1/s" ? measured.p99 <= measured.median : measured.p99 >= measured.median)
      guard row.unit != "count" else {
        // The only rows whose floor is nothing.
        #expect(measured.median >= 0 && row.ratio == nil, "\(row.row)")
        continue
      }
      let floor = try #require(row.floor, "\(row.row)")
      let ratio = try #require(row.ratio, "\(row.row)")
      #expect(["s", "1/s", "bytes"].contains(row.unit))
      #expect(measured.median > 0 && floor.median > 0 && floor.samples > 0)
      let cost = measured.median / floor.median
      #expect(abs(ratio / (row.unit == "1/s" ? 1 / cost : cost) - 1) < 1e-6, "\(row.row)")
    }
    // Nothing is left behind.
    #expect(folder.entries.isEmpty)
  }

  @Test("rows are chosen by name, and the table is text")
  func chosen() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Softdna.run(
      ["bench", "--quick", "--only", "sign", "nv-commit"], in: folder)
    try #require(outcome.status == 0, "\(outcome)")
    let lines = outcome.output.split(separator: "\n")
    #expect(lines.first?.contains("ratio") == true)
    #expect(lines.contains { $0.hasPrefix("sign ") && $0.contains("libcrypto alone") })
    #expect(lines.contains { $0.hasPrefix("nv-commit ") })
    #expect(!outcome.output.contains("pcsc-"))
  }

  @Test("a row there is not is a usage error")
  func unknown() async throws {
    let outcome = try await Softdna.run(["bench", "--only", "speed"], in: try TemporaryFolder())
    #expect(outcome.status == 2)
    #expect(outcome.errors.contains("--list"))
  }
}
