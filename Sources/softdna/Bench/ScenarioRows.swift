import ISO7816
import Scenarios
import Synchronization
import Terminal
import TokenHost
import Traces

extension BenchmarkRow {
  /// Lives of a device, in-process.
  static let scenarios = [
    BenchmarkRow(
      name: "scenarios", title: "scenarios a second: issue, block, unblock, sign",
      floor: "its commands, to a token alone"
    ) { site in
      let life = try Scenario.parse(story, file: "bench")
      let workbench = RecordingWorkbench()
      // Recorded once; its keys, which follow from the seed, are remembered from here on.
      for scenario in life { try scenario.succeed(on: workbench) }
      let (chip, trace) = try workbench.recorded()
      let count = site.amount(40, quick: 2)
      return try Measurement.inTurns(
        .rate, samples: count, turns: count,
        subject: {
          try timed { for scenario in life { try scenario.succeed(on: DirectWorkbench()) } }
        },
        floor: { try timed { try trace.resend(to: chip()) } })
    }
  ]

  private static let story = """
    name: A PIN is blocked, the PUK gives it back, both keys sign
    seed: 1
    steps:
      - issue
      - verify: { pin: "00000000", expect: 63C2 }
      - verify: { pin: "00000001", expect: 63C1 }
      - verify: { pin: "00000002", expect: 63C0 }
      - verify: { expect: 6983 }
      - unblock: { new-pin: "13572468" }
      - sign: { key: cns }
      - sign: { key: signature }
    """
}

extension Scenario {
  fileprivate func succeed(on workbench: any Workbench) throws {
    let result = Runner.run(self, on: workbench)
    guard result.hasPassed else {
      let reason = result.steps.last?.failure.map { "\($0)" } ?? result.environmentFailure ?? ""
      throw Failure("the scenario of the benchmark fails: \(reason)", status: 1)
    }
  }
}

extension Trace {
  /// Sends the same commands again; the same chip gives the same answers.
  fileprivate func resend(to card: any CardChannel) throws {
    var response: [UInt8] = []
    for entry in entries {
      switch entry.event {
      case .powerOn: _ = try card.powerOn()
      case .reset: _ = try card.reset()
      case .powerOff: try card.powerOff()
      case .exchange(let exchange, _):
        try card.transmit(exchange.command.span, into: &response)
        guard response == exchange.response else {
          throw Failure("\(Hex.text(exchange.command)) was answered otherwise before", status: 1)
        }
      case .failure: break
      }
    }
  }
}

/// Tokens in this process, and a trace of what is said to them.
private final class RecordingWorkbench: Workbench {
  let channelName = "direct"
  private let memory = TraceMemory(TraceHeader(channel: "direct"))
  private let chip = Mutex<(order: ChipOrder, seed: UInt64)?>(nil)

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    chip.withLock { $0 = (order, seed) }
    let slot = try Slot.manufactured(order, seed: seed, image: image)
    return DirectToken(
      RecordingChannel(slot, withSecrets: true, to: memory.append)
    ) { slot.pressButtonWhenAsked() }
  }

  /// What makes the same chip again, and what was said to it.
  func recorded() throws -> (chip: () throws -> Slot, trace: Trace) {
    guard let chip = chip.withLock({ $0 }) else { throw Failure("nothing was recorded", status: 1) }
    return (
      { try Slot.manufactured(chip.order, seed: chip.seed, image: nil) }, memory.trace
    )
  }
}
