public import ISO7816
import Synchronization
public import Terminal

/// What power cuts at every write of a run have shown.
public struct TearingReport: Sendable {
  /// Commands that wrote to non-volatile memory.
  public var commands = 0
  /// Writes in them: units programmed and pages erased.
  public var writes = 0
  /// Power cuts tried.
  public var cuts = 0
  /// Second cuts, in the healing of the first.
  public var secondCuts = 0
  /// Promises that were broken, each with what reproduces it.
  public var violations: [String] = []

  /// A report of nothing yet.
  public init() {}

  /// Adds another report's figures.
  public mutating func add(_ other: TearingReport) {
    commands += other.commands
    writes += other.writes
    cuts += other.cuts
    secondCuts += other.secondCuts
    violations += other.violations
  }
}

/// A token whose every command is tried with the power cut at each of its writes, in each way power
/// can go, before it is carried out.
///
/// Each cut happens to a copy of the token. After it the copy is powered on and must hold what the
/// real token held before the command, or after one of the transactions in it, and nothing else.
/// A code that was compared must have cost a try before the comparison's answer.
public final class TearingSlot: CardChannel {
  private let slot: Slot
  private let seed: UInt64
  private let state: Mutex<State>

  private struct State {
    var report = TearingReport()
    var commandNumber = 0
  }

  /// Tears the token in `slot`; `seed` decides what torn writes leave and where second cuts fall.
  public init(_ slot: Slot, seed: UInt64) {
    self.slot = slot
    self.seed = seed
    state = Mutex(State())
  }

  /// What was tried and found so far.
  public var report: TearingReport { state.withLock { $0.report } }

  /// Presses the token's button as soon as the next operation waits for it.
  public func pressButtonWhenAsked() { slot.pressButtonWhenAsked() }

  /// Applies power, or resets. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR { try slot.powerOn() }
  /// Takes power away. See `CardChannel`.
  public func powerOff() { slot.powerOff() }
  /// Warm reset. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try slot.reset() }

  /// Tries every cut on copies, then sends the command to the token itself. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    var bytes: [UInt8] = []
    for index in 0..<command.count { bytes.append(command[index]) }
    let number = state.withLock { state in
      state.commandNumber += 1
      return state.commandNumber
    }
    let found = tear(bytes, number)
    state.withLock { $0.report.add(found) }
    try slot.transmit(command, into: &response)
  }

  // MARK: One command

  private func tear(_ command: [UInt8], _ number: Int) -> TearingReport {
    var report = TearingReport()
    let before = slot.contents()
    let supply = PowerSupply()
    let whole = Slot(copying: slot, supply: supply)
    let answer = (try? whole.transmit(command)) ?? []
    let writes = supply.writes
    guard writes > 0 else { return report }
    report.commands = 1
    report.writes = writes
    let after = whole.contents()

    // A cut after a completed write shows every state the command commits on its way.
    var states = [before, after]
    var spent = isSpentTry(before, after)
    let context = "command \(number) (\(CommandAPDU.meaning(of: command)))"
    for write in 1...writes {
      for kind in [PowerCut.completed, .notStarted, .torn, .reordered] {
        report.cuts += 1
        let place = "\(context), write \(write) of \(writes), \(kind.rawValue), seed \(seed)"
        switch outcome(of: command, cutAt: write, kind, number) {
        case .failure(let problem): report.violations.append("\(place): \(problem.reason)")
        case .success(let contents):
          if contents == before || contents == after { continue }
          if kind == .completed, isSpentTry(before, contents) {
            spent = true
            if !states.contains(contents) { states.append(contents) }
          } else if !states.contains(contents) {
            report.violations.append("\(place): neither the old state nor the new one")
          }
        }
      }
    }
    if comparesCode(command, answer), !spent {
      report.violations.append("\(context): the code was compared before a try was spent")
    }
    tearHealing(command, writes, number, states, context, &report)
    return report
  }

  private struct Problem: Error { let reason: String }

  /// What the token holds after the cut and the next power-on.
  private func outcome(
    of command: [UInt8], cutAt write: Int, _ kind: PowerCut, _ number: Int
  ) -> Result<[UInt32: [UInt8]], Problem> {
    let (copy, supply) = cutCopy(command, at: write, kind, number)
    guard supply.isCut else { return .failure(Problem(reason: "the write never came")) }
    guard (try? copy.powerOn()) != nil else {
      return .failure(Problem(reason: "the token does not come back"))
    }
    return .success(copy.contents())
  }

  private func cutCopy(_ command: [UInt8], at write: Int, _ kind: PowerCut, _ number: Int)
    -> (Slot, PowerSupply)
  {
    let supply = PowerSupply()
    let copy = Slot(copying: slot, supply: supply)
    supply.cut(
      atWrite: write, kind, noise: seed &* 1_000_003 &+ UInt64(number) &* 4099 &+ UInt64(write))
    _ = try? copy.transmit(command)
    return (copy, supply)
  }

  /// For a few cuts, a second one while the first is being healed.
  private func tearHealing(
    _ command: [UInt8], _ writes: Int, _ number: Int, _ states: [[UInt32: [UInt8]]],
    _ context: String, _ report: inout TearingReport
  ) {
    var stream = Noise(seed &+ UInt64(number))
    for _ in 0..<2 {
      let write = Int(stream.next() % UInt64(writes)) + 1
      let (copy, supply) = cutCopy(command, at: write, .torn, number)
      let second = Int(stream.next() % 64) + 1
      let kind = PowerCut.allCases[Int(stream.next() % 4)]
      let noise = stream.next()
      guard copy.mountAgain(cuttingAt: second, kind, noise: noise, supply) else { continue }
      report.secondCuts += 1
      let place = "\(context), write \(write) torn, then healing write \(second) \(kind.rawValue)"
      guard (try? copy.powerOn()) != nil else {
        report.violations.append("\(place), seed \(seed): the token does not come back")
        continue
      }
      if !states.contains(copy.contents()) {
        report.violations.append("\(place), seed \(seed): neither the old state nor the new one")
      }
    }
  }

  // MARK: Spent tries

  /// The only difference is one counter, and it went down.
  private func isSpentTry(_ before: [UInt32: [UInt8]], _ now: [UInt32: [UInt8]]) -> Bool {
    guard before.count == now.count else { return false }
    let changed = now.filter { before[$0.key] != $0.value }
    guard changed.count == 1, let (key, value) = changed.first, let old = before[key] else {
      return false
    }
    return key & 0xFF == 0xFE && value.count == 1 && old.count == 1 && value[0] == old[0] &- 1
  }

  /// VERIFY, CHANGE REFERENCE DATA, RESET RETRY COUNTER or EXTERNAL AUTHENTICATE that compared
  /// something: it answered success or the number of tries left.
  private func comparesCode(_ command: [UInt8], _ answer: [UInt8]) -> Bool {
    guard command.count > 5, [0x20, 0x24, 0x2C, 0x82].contains(command[1]), answer.count >= 2
    else { return false }
    let status = StatusWord(sw1: answer[answer.count - 2], sw2: answer[answer.count - 1])
    return status == .success || status.triesLeft != nil
  }
}
