import Foundation
import ISO7816
import Issuance
import Scenarios
import Terminal
import Testing

@testable import Traces

@Suite("Comparing traces") struct ComparisonTests {
  /// A life with an issue, wrong PINs, a removal, an unblocking and a signature.
  static let scenario = """
    name: A comparable life
    source: The trace tests
    seed: 77
    steps:
      - issue
      - verify: { pin: "00000000", expect: 63C2 }
      - verify
      - remove
      - insert
      - sign: { key: cns }
      - verify: { key: signature, pin: "11111111", expect: 63C2 }
      - sign: { key: signature }
    """

  private func record(overPCSC: Bool) throws -> Trace {
    let folder = try Folder()
    let file = folder.file("life.yaml")
    try Self.scenario.write(toFile: file, atomically: true, encoding: .utf8)
    let workbench = RecordingWorkbench(overPCSC: overPCSC)
    let scenario = try #require(try Scenario.read(file).first)
    let result = Runner.run(scenario, on: workbench)
    #expect(result.environmentFailure == nil)
    #expect(result.hasPassed, "\(result.steps.compactMap { $0.failure })")
    return workbench.memory.trace
  }

  @Test(
    "finds a PC/SC run and a direct run of one scenario the same, and one changed answer",
    .enabled(if: canUsePCSC, "pcscd is not installed"), .timeLimit(.minutes(2)))
  func overBothChannels() throws {
    let direct = try record(overPCSC: false)
    let pcsc = try record(overPCSC: true)
    #expect(direct.entries.count > 100)
    let comparison = TraceComparison(direct, pcsc)
    #expect(comparison.isEmpty, "\(comparison.differences)")
    // The chip's randomness is seeded: not even challenges and signatures differ.
    #expect(TraceComparison(direct, pcsc, isExact: true).isEmpty)

    let index = try #require(
      pcsc.entries.lastIndex { entry in
        if case .exchange(let exchange, _) = entry.event {
          exchange.command[1] == 0x2A
        } else {
          false
        }
      })
    let changed = pcsc.answering([0x69, 0x82], at: index)
    let difference = TraceComparison(direct, changed)
    #expect(difference.differences.count == 1)
    #expect(difference.differences.first?.kind == .answer)
    #expect(difference.differences.first?.secondNumber == index + 1)
    #expect(difference.differences.first?.second == "6982")
  }

  @Test("shows exactly one difference wherever one answer is refused instead")
  func everyAnswer() throws {
    let card = try RecordedCard().issued()
    let session = CardSession(card.channel)
    _ = try session.readFile([0x1100, 0x1101])
    _ = try session.readFile([0x1000, 0x1003])
    let whole = card.memory.trace
    // The session after the issue is compared; the chains are another test's.
    let start = try #require(whole.entries.lastIndex { $0.event.isReset })
    let trace = Trace(header: whole.header, entries: Array(whole.entries[start...]))
    for index in trace.entries.indices.dropFirst() {
      let changed = trace.answering([0x6F, 0x00], at: index)
      let comparison = TraceComparison(trace, changed)
      #expect(comparison.differences.count == 1, "entry \(index + 1): \(comparison.differences)")
    }
  }

  @Test("leaves aside what differs between two tokens of different seeds, but not exactly")
  func otherToken() throws {
    let first = try RecordedCard(seed: 1).issued().memory.trace
    let second = try RecordedCard(seed: 2).issued().memory.trace
    let comparison = TraceComparison(first, second)
    #expect(comparison.isEmpty, "\(comparison.differences)")
    #expect(!TraceComparison(first, second, isExact: true).isEmpty)
  }

  @Test("takes T=0's GET RESPONSE and a wrong Le for one step, a challenge for another")
  func otherProtocol() throws {
    let direct = try Trace.of([
      ("00A4080002110000", "6F008302110090 00"), ("0084000008", "0102030405060708 9000"),
      ("00B0000010", "AABB9000"),
    ])
    let t0 = try Trace.of([
      ("00A40800021100", "6107"), ("00C0000007", "6F0083021100 90 9000"),
      ("0084000008", "1122334455667788 9000"), ("00B0000000", "6C10"), ("00B0000010", "AABB9000"),
    ])
    // The control information differs by one byte; nothing else does.
    #expect(TraceComparison(direct, t0).differences.count == 1)
    // An answer that nobody fetches is a step of its own.
    let unfetched = try Trace.of([
      ("00A40800021100", "6107"), ("0084000008", "1122334455667788 9000"),
      ("00B0000010", "AABB9000"),
    ])
    let difference = TraceComparison(direct, unfetched).differences.first
    #expect(difference?.second == "6107")
  }

  @Test("tells a step that only one trace has, and one that asks for something else")
  func steps() throws {
    let first = try Trace.of([("00B0000010", "AA9000"), ("00CA018300", "109000")])
    let second = try Trace.of([("00CA018300", "109000"), ("0044000000", "6982")])
    let kinds = TraceComparison(first, second).differences.map(\.kind)
    #expect(kinds == [.missing, .added])
    let third = try Trace.of([("00B0000010", "AA9000"), ("00CA018400", "6A88")])
    let other = TraceComparison(first, third).differences
    #expect(other.map(\.kind) == [.request])
    #expect(throws: Never.self) {
      try JSONSerialization.jsonObject(with: Data((other.first?.json ?? "").utf8))
    }
  }
}

@Suite("Replaying a trace") struct ReplayTests {
  @Test("finds the same token the same, sends no secret it has not, writes nothing, spends no try")
  func harmless() throws {
    let card = try RecordedCard().issued()
    for command in [
      "00A4080C0410001003", "00B0000010", "00D600000430303030",
      "002000100830303030FFFFFFFF", "0020001008" + "3132333435363738", "0022F1B603830101",
      "002A9E9A0401020304",
    ] {
      _ = try card.explained(command)
    }
    let whole = card.memory.trace
    let start = try #require(whole.entries.lastIndex { $0.event.isReset })
    let trace = Trace(header: whole.header, entries: Array(whole.entries[start...]))

    let without = try TraceReplay().run(trace, on: card.slot, channelName: "direct")
    #expect(without.omissions.map(\.reason) == [.wouldWrite, .wouldCostTry, .secretUnknown])
    let different = TraceComparison(without.original, without.replayed).differences
    #expect(different.map(\.second) == ["6982"])

    let code = CardSession.padded(RecordedCard.codes.pin)
    let with = try TraceReplay(codes: [0x10: code]).run(
      trace, on: card.slot, channelName: "direct")
    #expect(with.omissions.map(\.reason) == [.wouldWrite, .wouldCostTry])
    #expect(TraceComparison(with.original, with.replayed).isEmpty)
    #expect(!with.replayed.lines.contains(Hex.text(code)))
    #expect(try card.slot.transmit([0x00, 0x20, 0x00, 0x10]) == [0x90, 0x00])
  }

  @Test("sends only what is known to read, and nothing that was a wrong code")
  func reading() throws {
    let trace = try Trace.of(
      [
        ("00D10000045401005303313233", "9000"), ("00D3010403313233", "9000"),
        ("000C010400", "9000"), ("80D80081051011121314", "9000"), ("80F0800F00", "9000"),
        ("00D600000430303030", "9000"), ("00200010083132333435363738", "63C2"),
        ("00200010", "63C3"), ("00210010045302313200", "6983"),
        ("0C200010080011223344556677", "9000"),
        ("00FE0000", "9000"), ("0026001008" + "3132333435363738", "9000"), ("0022F201", "9000"),
        ("00460001", "9000"), ("0086000000", "9000"), ("00FF0000", "9000"), ("00A4", "6700"),
        ("8000000000", "9000"), ("00880000080011223344556677", "6300"),
        ("0020001008" + "3132333435363738", "6982"),
        // These are sent.
        ("00A4000C023F00", "9000"), ("00B0000010", "6986"), ("0084000008", "9000"),
        ("0022F303", "9000"), ("00468101", "6A88"),
      ])
    let recorder = try RecordedCard().issued()
    let before = recorder.memory.trace.entries.count
    let outcome = try TraceReplay().run(trace, on: recorder.channel, channelName: "direct")
    let sent = recorder.memory.trace.entries[before...].compactMap { entry in
      if case .exchange(let exchange, _) = entry.event { Hex.text(exchange.command) } else { nil }
    }
    #expect(
      sent == [
        "00880000080011223344556677", "00A4000C023F00", "00B0000010", "0084000008", "0022F303",
        "00468101",
      ])
    #expect(outcome.omissions.count + sent.count == trace.entries.count)
    #expect(outcome.omissions.allSatisfy { !$0.reason.rawValue.isEmpty })
  }

  @Test("compares a log that tells no ATR")
  func imported() throws {
    let card = try RecordedCard().issued()
    let trace = try Trace.of([("00A4000C023F00", "9000"), ("00CA018300", "109000")])
    let outcome = try TraceReplay().run(trace, on: card.slot, channelName: "direct")
    #expect(TraceComparison(outcome.original, outcome.replayed).isEmpty)
  }

  @Test("does not answer a challenge that is another one now")
  func challenge() throws {
    let card = try RecordedCard().issued()
    let outcome = try TraceReplay(allowsChanges: true).run(
      card.memory.trace, on: card.slot, channelName: "direct")
    #expect(outcome.omissions.contains { $0.reason == .answersOtherChallenge })
    #expect(outcome.omissions.contains { $0.reason == .secretUnknown })
  }
}

extension TraceEvent {
  var isReset: Bool { if case .reset = self { true } else { false } }
}

extension Trace {
  /// A trace of these commands and answers.
  static func of(_ exchanges: [(String, String)]) throws -> Trace {
    var trace = Trace(header: TraceHeader(channel: "test"))
    for (index, (command, response)) in exchanges.enumerated() {
      let exchange = Exchange(
        command: try #require(Hex.bytes(command)), response: try #require(Hex.bytes(response)))
      trace.entries.append(
        TraceEntry(time: index, event: .exchange(exchange, redacted: nil)))
    }
    return trace
  }

  /// The trace with another answer at one place.
  func answering(_ response: [UInt8], at index: Int) -> Trace {
    var copy = self
    if case .exchange(let exchange, let redacted) = entries[index].event {
      copy.entries[index].event = .exchange(
        Exchange(command: exchange.command, response: response), redacted: redacted)
    }
    return copy
  }
}
