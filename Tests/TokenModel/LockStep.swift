import Cryptography
import Firmware
public import ISO7816
import Synchronization
public import Terminal
public import TokenHost

/// A token with its model beside it: after every command and every power-on both must agree, power
/// cuts included. It is a channel, so that whoever talks to a card can talk to both.
public final class LockStep: CardChannel {
  /// The token.
  public let slot: Slot
  /// Its power.
  public let supply: PowerSupply
  private let state: Mutex<State>

  private struct State {
    var model: CardModel
    var keys: [UInt16: [UInt8]]
    var disagreement: String?
    var commands = 0
    var cuts = 0
    /// Writes to the token's memory when both were compared whole.
    var comparedWrites = -1
    /// What the model held then.
    var compared: Persistent?
  }

  /// A chip as the factory makes it.
  public init(serial: [UInt8], transportKey: [UInt8], seed: UInt64) {
    supply = PowerSupply()
    slot = Slot(
      volatile: ChipIdentity(persona: .current, serial: serial, transportKey: transportKey),
      randomness: .seeded(seed, label: "lock-step"), buttonPatience: .zero, supply: supply)
    state = Mutex(
      State(
        model: CardModel(Persistent(serial: serial, transportKey: transportKey)), keys: [:]))
  }

  /// Another token and model in the same state.
  public init(copying other: LockStep) {
    supply = PowerSupply()
    slot = Slot(copying: other.slot, supply: supply)
    let copy = other.state.withLock { ($0.model, $0.keys) }
    state = Mutex(State(model: copy.0, keys: copy.1))
  }

  /// The first thing they did not agree about; nil where they always did.
  public var disagreement: String? { state.withLock { $0.disagreement } }
  /// Commands sent so far.
  public var commands: Int { state.withLock { $0.commands } }
  /// Power cuts so far.
  public var cuts: Int { state.withLock { $0.cuts } }
  /// What the card should be now.
  var model: CardModel { state.withLock { $0.model } }

  // MARK: Power

  /// Applies power, or resets. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR {
    let atr = try slot.powerOn()
    state.withLock { state in
      state.model.restart()
      state.comparedWrites = -1
      compare(&state, "power-on")
    }
    return atr
  }

  /// Takes power away. See `CardChannel`.
  public func powerOff() { slot.powerOff() }

  /// Warm reset. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try powerOn() }

  // MARK: Commands

  /// Sends a command to both; where power goes in the middle of it, it comes again and the command
  /// has happened or not. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    var bytes: [UInt8] = []
    for index in 0..<command.count { bytes.append(command[index]) }
    let before = model
    var after = before
    let expected = after.respond(to: bytes)
    do throws(ChannelError) {
      try slot.transmit(command, into: &response)
    } catch {
      guard supply.isCut else { throw error }
      state.withLock { recover(&$0, bytes, before, after, expected) }
      throw error
    }
    state.withLock { [response] state in
      state.commands += 1
      check(&state, bytes, response, before, after, expected)
    }
  }

  private func check(
    _ state: inout State, _ command: [UInt8], _ response: [UInt8], _ before: CardModel,
    _ after: CardModel, _ expected: CardModel.Answer
  ) {
    let status = StatusWord(sw1: response[response.count - 2], sw2: response[response.count - 1])
    let data = response.dropLast(2)
    state.model = after
    let facts = slot.volatileFacts
    if status == .notEnoughMemory, expected.status != status, isNearlyFull(command.count) {
      // The model has no idea of room; nothing but what was committed on the way may have changed.
      state.model.persistent = expected.interimStates.last ?? before.persistent
      state.model.volatile = before.volatile
      state.model.volatile.uses = before.volatile.uses.filter { facts.uses[$0.key] == $0.value }
      state.model.generatedInto = nil
      state.model.waiting = []
    } else if let alternative = expected.alternative, status == alternative, data.isEmpty {
      state.model.volatile.uses = before.volatile.uses
      state.model.waiting = []
    } else {
      let isAsExpected =
        status == expected.status && data.count == expected.data.count
        && zip(data, expected.data).allSatisfy { $1 == nil || $0 == $1 }
      guard isAsExpected else {
        let wanted = expected.data.map { $0.map { Hex.text([$0]) } ?? "??" }.joined()
        return fail(
          &state, "\(Hex.text(command)): \(Hex.text(response)), not \(wanted) \(expected.status)")
      }
    }
    if state.model.volatile.challenge != before.volatile.challenge,
      state.model.volatile.challenge != nil
    {
      state.model.volatile.challenge = Array(data.prefix(8))
    }
    compare(&state, Hex.text(command))
  }

  private func isNearlyFull(_ count: Int) -> Bool {
    slot.inventory.memory.freeBytes < 3 * count + 6000
  }

  /// Power comes again: the token must hold the old state, the new one, or one that was committed
  /// on the way.
  private func recover(
    _ state: inout State, _ command: [UInt8], _ before: CardModel, _ after: CardModel,
    _ expected: CardModel.Answer
  ) {
    state.cuts += 1
    state.comparedWrites = -1
    let place = "\(Hex.text(command)), cut at write \(supply.writes)"
    guard (try? slot.powerOn()) != nil else {
      return fail(&state, "\(place): the token does not come back")
    }
    state.model.restart()
    var found = Snapshot(slot).persistent
    for candidate in [before.persistent] + expected.interimStates
    where candidate.normalised == found {
      state.model.persistent = candidate
      return compare(&state, place)
    }
    if let file = after.generatedInto {
      found.files[file]?.body = after.persistent.files[file]?.body ?? []
    }
    guard after.persistent.normalised == found else {
      let what = after.persistent.normalised.difference(from: found) ?? ""
      return fail(&state, "\(place): neither the old state nor the new one: \(what)")
    }
    state.model.persistent = after.persistent
    state.model.generatedInto = after.generatedInto
    compare(&state, place)
  }

  // MARK: Comparing

  private func compare(_ state: inout State, _ place: String) {
    // What the model thinks may change without a write; what the token holds does not.
    comparePersistent(&state, place)
    let volatile = state.model.volatile
    let facts = slot.volatileFacts
    let keys = [volatile.signatureKey, volatile.confidentialityKey, volatile.authenticationKey]
    guard volatile.directory == facts.directory, volatile.file == facts.elementaryFile,
      volatile.uses == facts.uses, keys == facts.keys,
      volatile.challenge ?? [] == facts.challenge
    else { return fail(&state, "\(place): \(volatile) is not \(facts)") }
  }

  private func comparePersistent(_ state: inout State, _ place: String) {
    let changed = state.model.persistent != state.compared
    guard changed || supply.writes != state.comparedWrites || supply.isCut else { return }
    let found = Snapshot(slot)
    if let file = state.model.generatedInto { adoptPublicKey(&state, in: file, found, place) }
    // An object that was put anew has lost its key.
    let objects = state.model.persistent.objects
    state.keys = state.keys.filter { objects[$0.key]?.generation ?? 0 > 0 }
    if found.keys != state.keys { return fail(&state, "\(place): another private key") }
    if let what = state.model.persistent.normalised.difference(from: found.persistent) {
      return fail(&state, "\(place): model and token hold \(what)")
    }
    state.comparedWrites = supply.writes
    state.compared = state.model.persistent
  }

  /// A new pair: the private key changed, and the file begins with its public part.
  private func adoptPublicKey(
    _ state: inout State, in file: UInt16, _ found: Snapshot, _ place: String
  ) {
    state.model.generatedInto = nil
    let changed = found.keys.filter { state.keys[$0.key] != $0.value }
    guard changed.count == 1, let number = changed.keys.first,
      let key = found.persistent.objects[number], let body = found.persistent.files[file]?.body
    else { return fail(&state, "\(place): \(changed.count) private keys changed") }
    state.keys[number] = found.keys[number]
    let copy = Slot(copying: slot, supply: PowerSupply())
    try? CardSession(copy).select(CardPath(slot.inventory.path(of: key.parent)))
    let readOut = try? CardSession(copy).command(
      "read the public key", ins: 0x46, p1: 0x81, p2: key.identifier, ne: 256)
    let publicKey: [UInt8]
    switch key.kind {
    case .curve(let bits): publicKey = Array((readOut ?? []).suffix(1 + bits / 4))
    case .rsa(let bits): publicKey = Array((readOut ?? []).dropLast(5).suffix(bits / 8))
    default: publicKey = []
    }
    let start =
      switch key.kind {
      case .rsa: body.prefix(12).firstRange(of: publicKey.prefix(2))?.lowerBound ?? 0
      default: 0
      }
    guard !publicKey.isEmpty, Array(body.dropFirst(start).prefix(publicKey.count)) == publicKey
    else { return fail(&state, "\(place): the public key's file does not hold the public key") }
    state.model.persistent.files[file]?.body = body
  }

  private func fail(_ state: inout State, _ text: String) {
    if state.disagreement == nil { state.disagreement = "command \(state.commands): \(text)" }
  }
}
