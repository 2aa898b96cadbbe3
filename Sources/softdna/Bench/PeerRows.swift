import Foundation
import Terminal
import VirtualReader

extension BenchmarkRow {
  /// Other people's virtual cards in our card's place.
  static let peers = [
    BenchmarkRow(
      name: "pcsc-vicc", title: "GET CHALLENGE over PC/SC, vsmartcard's vicc",
      floor: "C card, same reader"
    ) { site in
      guard let python = Vicc.python else {
        throw Unmeasurable(
          reason: "not installed; install it: apt-get install vsmartcard-vpicc python3-pycryptodome"
        )
      }
      let pair = try site.pcsc()
      let world = pair.world
      world.remove()
      _ = try world.service.wait(for: .absent, in: world.readerName, timeout: .seconds(10))
      let program = try CardProgram(
        [python, "-c", Vicc.script, "--type", "iso7816"]
          + ["--hostname", VPCDCardEnd.defaultHost, "--port", String(world.port)])
      defer {
        program.stop()
        world.insert()
      }
      let peer = try PCSCPair.wait(for: world.readerName, in: world)
      return try Measurement.inTurns(
        .time, samples: site.amount(300, quick: 10),
        subject: { try timed { try peer.succeed(Command.getChallenge) } },
        floor: { try timed { try pair.floor.succeed(Command.getChallenge) } })
    }
  ]
}

/// vsmartcard's card in Python, as Debian packages it.
private enum Vicc {
  /// The Python its package is for; nil where a part of it is not installed.
  static var python: String? {
    let parts = [
      program, modules, "/usr/lib/python3/dist-packages/Cryptodome", "/usr/bin/python3",
    ]
    return parts.allSatisfy(FileManager.default.fileExists) ? parts.last : nil
  }

  private static let program = "/usr/bin/vicc"
  /// Where Debian 12 installs vicc's modules, and Python does not look.
  private static let modules = "/usr/lib/python3/site-packages/virtualsmartcard"

  /// vicc as it is; what it knows as Crypto is called Cryptodome in Debian.
  static let script = """
    import runpy, sys
    sys.path.append("\(modules)")
    import Cryptodome
    sys.modules["Crypto"] = Cryptodome
    runpy.run_path("\(program)", run_name="__main__")
    """
}
