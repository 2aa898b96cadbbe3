import Authority
import Foundation
import ISO7816
import Issuance
import Synchronization
import Terminal

extension BenchmarkRow {
  /// The token itself, in one thread, without a reader.
  static let token =
    commands.map(inProcess) + [
      BenchmarkRow(
        name: "sign", title: "RSA-2048 signature, in-process", floor: "libcrypto alone"
      ) { site in
        let slot = try site.tokenInMemory()
        let libcrypto = try BareSignature()
        return try Measurement.inTurns(
          .rate, samples: site.amount(2000, quick: 50),
          subject: { try timed { try slot.succeed(Command.sign) } },
          floor: { try timed { try libcrypto.sign() } })
      }
    ] + commands.map(allocations)

  /// A command that touches neither key nor disk.
  private struct Measured: Sendable {
    let name: String
    /// What softdna-allocation-count calls it.
    let title: String
    let apdu: @Sendable (BenchmarkSite) throws -> [UInt8]
  }

  private static let commands = [
    Measured(name: "select", title: "SELECT") { _ in Command.select },
    Measured(name: "read-binary", title: "READ BINARY") { _ in Command.readBinary },
    Measured(name: "verify", title: "VERIFY") { try $0.verify() },
    Measured(name: "get-challenge", title: "GET CHALLENGE") { _ in Command.getChallenge },
  ]

  private static func inProcess(_ command: Measured) -> BenchmarkRow {
    BenchmarkRow(
      name: command.name, title: "\(command.title), in-process", floor: "a channel that copies"
    ) { site in
      let slot = try site.tokenInMemory()
      let apdu = try command.apdu(site)
      var response: [UInt8] = []
      try slot.succeed(apdu, into: &response)
      let floor = CopyingCard(response)
      return try Measurement.inTurns(
        .rate, samples: site.amount(5000, quick: 50),
        subject: { try timed(batch: 50) { try slot.succeed(apdu, into: &response) } },
        floor: { try timed(batch: 50) { try floor.succeed(apdu, into: &response) } })
    }
  }

  private static func allocations(_ command: Measured) -> BenchmarkRow {
    BenchmarkRow(
      name: "allocations-\(command.name)", title: "heap allocations of a \(command.title)",
      floor: "none"
    ) { site in
      let counter = try site.allocationCounter()
      let rounds = site.amount(10_000, quick: 1000)
      let output = try ChildOutput.of(counter, [String(rounds)]) {
        Failure("\(counter) cannot be run; build it: swift build -c release")
      }
      // Name, rounds and allocations of each command, on a line of its own.
      let lines = output.split(separator: "\n").map { $0.split(separator: "\t") }
      guard let line = lines.first(where: { $0.count == 3 && $0[0] == command.title }),
        let found = Double(line[2])
      else { throw Failure("\(counter) does not tell of \(command.title)", status: 1) }
      return Measurement(.count, [found / Double(rounds)], floor: [0])
    }
  }
}

extension BenchmarkSite {
  /// VERIFY with the right CNS PIN of the run's token.
  func verify() throws -> [UInt8] {
    Command.verify(KeySlot.authentication.pin, try issued().token.scratchCard.pinCNS)
  }
}

/// The least a card in this process can do: one answer, copied under a lock.
final class CopyingCard: CardChannel {
  private let answer: Mutex<[UInt8]>

  init(_ answer: [UInt8]) { self.answer = Mutex(answer) }

  func powerOn() throws(ChannelError) -> ATR { ATR([0x3B, 0x00]) }
  func powerOff() throws(ChannelError) {}
  func reset() throws(ChannelError) -> ATR { try powerOn() }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    answer.withLock { answer in
      response.removeAll(keepingCapacity: true)
      response.append(contentsOf: answer)
    }
  }
}
