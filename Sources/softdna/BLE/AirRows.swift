import Foundation

extension BenchmarkRow {
  /// The token on the air beside a token that does nothing, both in the virtual machine of
  /// ble/testbed, whose processor is emulated: the ratios mean something, the rates only beside each
  /// other.
  static let air = [
    row("ble-gatt", "GET CHALLENGE over GATT", \.gatt, \.roundTripsPerSecond),
    row("ble-gatt-bytes", "bytes read over GATT", \.gatt, \.bytesPerSecond),
    row("ble-l2cap", "GET CHALLENGE over an L2CAP channel", \.l2cap, \.roundTripsPerSecond),
    row("ble-l2cap-bytes", "bytes read over an L2CAP channel", \.l2cap, \.bytesPerSecond),
  ]

  private static func row(
    _ name: String, _ title: String,
    _ link: any KeyPath<AirBenchmark, AirBenchmark.Link> & Sendable,
    _ figure: any KeyPath<AirFigures, Double> & Sendable
  ) -> BenchmarkRow {
    BenchmarkRow(name: name, title: title, floor: "the same calls, no card") { site in
      let figures = try site.air()[keyPath: link]
      return Measurement(
        .rate, [1 / figures.token[keyPath: figure]], floor: [1 / figures.floor[keyPath: figure]])
    }
  }
}

/// What `ble/testbed/bench` measured, once for all rows.
struct AirBenchmark {
  /// One link's figures.
  struct Link: Decodable {
    let link: String
    let token: AirFigures
    let floor: AirFigures
  }

  let gatt: Link
  let l2cap: Link

  /// Runs it.
  ///
  /// - Parameters:
  ///   - programs: the folder with softdna and softdna-floor-radio.
  ///   - rounds: round trips over each link.
  /// - Throws: where this folder is not softdna's, or the virtual machine does not come up.
  init(programs: String, rounds: Int) throws {
    let script = FileManager.default.currentDirectoryPath + "/ble/testbed/bench"
    let output = try ChildOutput.of(script, [programs, String(rounds)]) {
      Unmeasurable(reason: "needs ble/testbed: measure in the folder of softdna's sources")
    }
    let links = try output.split(separator: "\n").map {
      try JSONDecoder().decode(Link.self, from: Data($0.utf8))
    }
    guard let gatt = links.first(where: { $0.link == "gatt" }),
      let l2cap = links.first(where: { $0.link == "l2cap" })
    else { throw Failure("\(script) says nothing of its links: \(output)", status: 1) }
    (self.gatt, self.l2cap) = (gatt, l2cap)
  }
}
