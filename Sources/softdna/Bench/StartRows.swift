import Cryptography
import Foundation
import VirtualReader

extension BenchmarkRow {
  /// From nothing to a card that can be used.
  static let starts = [
    BenchmarkRow(
      name: "cold-start", title: "image file to card present, pcscd of its own",
      floor: "C card, pcscd of its own"
    ) { site in
      let (_, state) = try site.issued()
      let floorCard = try site.floorCard()
      let count = site.amount(40, quick: 2)
      return try Measurement.inTurns(
        .time, samples: count, turns: count,
        subject: {
          var world: PrivateWorld?
          defer { world?.stop() }
          return try timed { world = try PrivateWorld.start(card: state.openToken()) }
        },
        floor: {
          var world: BareWorld?
          defer { world?.stop() }
          return try timed { world = try BareWorld.start(program: [floorCard]) }
        })
    },
    BenchmarkRow(
      name: "issue", title: "empty directory to issued token", floor: "libcrypto makes its keys"
    ) { site in
      let count = site.amount(10, quick: 1)
      var keys = 0
      return try Measurement.inTurns(
        .time, samples: count, turns: count,
        subject: {
          let state = StateDirectory(path: site.newPath())
          defer { try? FileManager.default.removeItem(atPath: state.path) }
          let time = try timed { _ = try TokenIssue.benchmarked(in: state, seed: nil).run { _ in } }
          keys = try state.keyPairs()
          return time
        },
        floor: {
          try timed(batch: 1) {
            for _ in 0..<keys {
              var randomness = Randomness.system
              _ = try RSAKey.generate(bits: 2048, from: &randomness)
            }
          }
        })
    },
  ]
}

extension StateDirectory {
  /// Keys that were made for it: the authority's, and two in the token.
  fileprivate func keyPairs() throws -> Int {
    let files = try FileManager.default.contentsOfDirectory(atPath: path + "/ca")
    return files.count { $0.hasSuffix(".key.pem") } + 2
  }
}
