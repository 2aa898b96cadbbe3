import Authority
import Cryptography

extension BenchmarkRow {
  /// The authority in a directory of its own: 1,000 devices issued and suspended, a list of 100,000
  /// entries, answers about them. What it does is measured once, on the whole; its floors are
  /// measured right behind it.
  static let authority = [
    BenchmarkRow(
      name: "authority-issuance", title: "the books of one issue, of 1,000",
      floor: "libcrypto signs two certificates"
    ) { site in
      let libcrypto = try BareSignature()
      return try site.measured(\.issuanceTime) {
        try libcrypto.sign()
        try libcrypto.sign()
      }
    },
    BenchmarkRow(
      name: "authority-suspension", title: "suspension with the user code, of 1,000",
      floor: "write + fdatasync"
    ) { site in
      let file = try BareFile(at: site.newPath(), record: 4096)
      return try site.measured(\.suspensionTime) { try file.write() }
    },
    BenchmarkRow(
      name: "crl", title: "CRL of 100,000 entries and its delta, built and signed",
      floor: "SHA-256 of it, libcrypto signs"
    ) { site in
      let status = try site.status()
      let libcrypto = try BareSignature()
      let list = [UInt8](repeating: 0x5A, count: status.listBytes)
      var result = try site.measured(\.listTime) {
        _ = Digest.sha256(list)
        try libcrypto.sign()
      }
      result.notes = ["\(status.entries) entries, \(status.listBytes) bytes"]
      return result
    },
    BenchmarkRow(
      name: "ocsp", title: "OCSP answers a second, one thread", floor: "libcrypto signs"
    ) { site in
      let libcrypto = try BareSignature()
      return try site.measured(\.answerTime, .rate) { try libcrypto.sign() }
    },
  ]
}

extension StatusBenchmark {
  /// The time of one OCSP answer.
  fileprivate var answerTime: Duration { .seconds(1) / answersPerSecond }
}

extension BenchmarkSite {
  /// A figure of the authority beside a floor.
  fileprivate func measured(
    _ figure: KeyPath<StatusBenchmark, Duration>, _ unit: Measurement.Unit = .time,
    floor: () throws -> Void
  ) throws -> Measurement {
    let time = try status()[keyPath: figure]
    // A mean, as the figure is one.
    let least = try timed(batch: amount(200, quick: 5), floor)
    return Measurement(unit, [time / .seconds(1)], floor: [least / .seconds(1)])
  }
}
