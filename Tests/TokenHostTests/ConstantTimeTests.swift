import Foundation
import ISO7816
import Terminal
import Testing

/// The optimised build is the one that counts: an optimiser once made an early exit of a loop that
/// had none (`make test` builds `softdna-verify-probe` for release first).
@Suite("Time tells nothing about a code") struct ConstantTimeTests {
  private static var image: String {
    URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .appendingPathComponent("Images/1/issued.nv").path
  }

  /// Instructions the token spends on a command, counted by valgrind; nil where that failed.
  private func instructions(_ command: [UInt8], answers status: String) throws -> Int? {
    let result = try Tools.run([
      "valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--collect-atstart=no",
      "--toggle-collect=softdna_measured_command", Tools.path("../release/softdna-verify-probe"),
      Self.image,
      Hex.text(command),
    ])
    #expect(result.output.contains("\n" + status) || result.output.hasPrefix(status))
    let line = result.output.split(separator: "\n").first { $0.contains("Collected :") }
    return line?.split(separator: " ").last.flatMap { Int($0) }
  }

  private func verify(_ reference: UInt8, _ code: String) -> [UInt8] {
    CommandAPDU.bytes(ins: 0x20, p2: reference, data: CardSession.padded(code))
  }

  @Test("a wrong PIN costs the same instructions wherever it is wrong")
  func pin() throws {
    // The PIN is 12345678, the PUK 87654321.
    let counts = try ["92345678", "12345670", "12349678", "99999999"].map {
      try instructions(verify(0x10, $0), answers: "63C1")
    }
    let first = try #require(counts.first ?? nil)
    #expect(first > 1000)
    #expect(counts.allSatisfy { $0 == first }, "\(counts)")
  }

  @Test("a wrong PUK too")
  func puk() throws {
    let counts = try ["97654321", "87654329"].map { code in
      try instructions(
        CommandAPDU.bytes(
          ins: 0x2C, p2: 0x10, data: CardSession.padded(code) + CardSession.padded("24682468")),
        answers: "63C9")
    }
    let first = try #require(counts.first ?? nil)
    #expect(counts.allSatisfy { $0 == first }, "\(counts)")
  }
}
