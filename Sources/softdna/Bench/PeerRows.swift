import Foundation
import Terminal
import VirtualReader

extension BenchmarkRow {
  /// Other people's virtual cards in our reader's place.
  static let peers = [
    BenchmarkRow(
      name: "pcsc-vicc", title: "GET CHALLENGE over PC/SC, vsmartcard's vicc",
      floor: "C card, same reader"
    ) { site in
      let pair = try site.pcsc()
      let vicc = try ["/usr/bin/vicc", "/usr/local/bin/vicc"].first(
        where: FileManager.default.isExecutableFile) ?? missing("vsmartcard-vpicc")
      let program: CardProgram
      pair.world.remove()
      _ = try pair.world.service.wait(
        for: .absent, in: pair.world.readerName, timeout: .seconds(10))
      program = try CardProgram([
        vicc, "--type", "iso7816", "--hostname", VPCDCardEnd.defaultHost, "--port",
        String(pair.world.port),
      ])
      defer {
        program.stop()
        pair.world.insert()
      }
      let peer = try PCSCPair.wait(for: pair.world.readerName, in: pair.world)
      return try Measurement.inTurns(
        .time, samples: site.amount(5000, quick: 100),
        subject: { try timed { try peer.succeed(Command.getChallenge) } },
        floor: { try timed { try pair.floor.succeed(Command.getChallenge) } })
    }
  ]

  /// - Throws: that a row needs a Debian package.
  static func missing<Value>(_ package: String) throws -> Value {
    throw Unmeasurable(reason: "not installed; install it: apt-get install \(package)")
  }
}
