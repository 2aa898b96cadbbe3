import Dispatch
public import ISO7816
import Synchronization
public import Terminal

/// One card that several interfaces reach, one after another (docs/decisions/0011).
///
/// An interface owns the card from its power-on to its power-off; the others wait, first come first
/// served. A card that changes hands has been without power: no verified PIN passes on.
public final class SharedCard: Sendable {
  private struct State {
    var owner: Int?
    var waiting: [(interface: Int, turn: DispatchSemaphore)] = []
  }

  fileprivate let card: any CardChannel
  private let patience: Duration
  private let state = Mutex(State())
  private let count = Atomic(0)

  /// Shares a card that nobody else uses.
  ///
  /// - Parameter patience: how long an interface waits for the card before it hears `busy`.
  public init(_ card: any CardChannel, patience: Duration = .seconds(10)) {
    self.card = card
    self.patience = patience
  }

  /// One more interface of the card.
  public func interface() -> CardInterface {
    CardInterface(self, number: count.wrappingAdd(1, ordering: .relaxed).newValue)
  }

  /// Makes an interface the owner, after those who asked before it.
  private func acquire(
    _ interface: Int, patience: Duration
  ) throws(ChannelError) {
    let turn = state.withLock { state -> DispatchSemaphore? in
      if state.owner == nil || state.owner == interface {
        state.owner = interface
        return nil
      }
      let turn = DispatchSemaphore(value: 0)
      state.waiting.append((interface, turn))
      return turn
    }
    guard let turn, turn.wait(timeout: .now() + patience / .seconds(1)) == .timedOut else {
      return
    }
    // Who is not in the list any more was given the card at the last moment.
    let isTooLate = state.withLock { state in
      guard let index = state.waiting.firstIndex(where: { $0.turn === turn }) else { return false }
      state.waiting.remove(at: index)
      return true
    }
    guard isTooLate else { return }
    throw ChannelError(
      .busy, attempt: "power the card", reason: "it is in use over another interface")
  }

  /// Gives the card to who waits longest.
  private func release() {
    state.withLock { state in
      guard !state.waiting.isEmpty else {
        state.owner = nil
        return
      }
      let next = state.waiting.removeFirst()
      state.owner = next.interface
      next.turn.signal()
    }
  }

  private func isOwned(by interface: Int) -> Bool {
    state.withLock { $0.owner == interface }
  }

  /// - Parameter isPatient: waits, where the card is another's.
  fileprivate func powerOn(
    for interface: Int, isPatient: Bool
  ) throws(ChannelError) -> ATR {
    try acquire(interface, patience: isPatient ? patience : .zero)
    do throws(ChannelError) {
      return try card.powerOn()
    } catch {
      release()
      throw error
    }
  }

  fileprivate func powerOff(for interface: Int) throws(ChannelError) {
    guard isOwned(by: interface) else { return }
    defer { release() }
    try card.powerOff()
  }

  fileprivate func transmit(
    _ command: Span<UInt8>, into response: inout [UInt8], for interface: Int
  ) throws(ChannelError) {
    guard isOwned(by: interface) else {
      throw ChannelError(
        .noCard, attempt: "send a command", reason: "the card has no power on this interface")
    }
    try card.transmit(command, into: &response)
  }
}

/// One of the interfaces of a shared card. Its calls come one after another, from any thread.
///
/// `powerOn` and `reset` wait while another interface owns the card, and throw `busy` when that
/// takes too long: nothing has happened then, and they can be tried again. Who has waited in vain is
/// answered at once from then on, until it calls `powerOff`: a program that does not understand
/// `busy` and goes on asking is not kept waiting for each of its commands.
public final class CardInterface: CardChannel {
  private let shared: SharedCard
  private let number: Int
  private let hasWaitedInVain = Atomic(false)

  fileprivate init(_ shared: SharedCard, number: Int) {
    self.shared = shared
    self.number = number
  }

  deinit { try? shared.powerOff(for: number) }

  /// Takes the card. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR {
    do throws(ChannelError) {
      let atr = try shared.powerOn(
        for: number, isPatient: !hasWaitedInVain.load(ordering: .relaxed))
      hasWaitedInVain.store(false, ordering: .relaxed)
      return atr
    } catch {
      if error.kind == .busy { hasWaitedInVain.store(true, ordering: .relaxed) }
      throw error
    }
  }

  /// Gives the card away. See `CardChannel`.
  public func powerOff() throws(ChannelError) {
    hasWaitedInVain.store(false, ordering: .relaxed)
    try shared.powerOff(for: number)
  }

  /// Resets the card, which is taken where this interface does not own it. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try powerOn() }

  /// See `CardChannel`: only power is waited for, never a command.
  public func answersAtOnce(_ command: Span<UInt8>) -> Bool { shared.card.answersAtOnce(command) }

  /// One command APDU and its answer. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    try shared.transmit(command, into: &response, for: number)
  }
}
