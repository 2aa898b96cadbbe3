internal import Glibc
public import ISO7816
internal import Synchronization

/// A channel to a card that breaks as it is told to. Without faults it passes everything on.
///
/// Delays add up. Of other faults that concern the same command the oldest happens; for the younger
/// ones the command does not count.
public final class FaultyChannel: CardChannel {
  /// A fault that waits or happens, under the number it was given.
  public struct Pending: Equatable, Sendable {
    /// Its number, for `clear`.
    public let number: Int
    /// The fault.
    public let fault: Fault
    /// How many commands it concerned so far.
    public fileprivate(set) var seen = 0
    /// How many commands it happened to so far.
    public fileprivate(set) var happened = 0
  }

  private struct State {
    var pending: [Pending] = []
    var lastNumber = 0
  }

  private let channel: any CardChannel
  private let state = Mutex(State())
  private let removal = Mutex<(@Sendable () -> Void)?>(nil)

  /// Breaks what goes over `channel`.
  public init(_ channel: any CardChannel) { self.channel = channel }

  /// What takes the card out of its reader when a fault drops it; called on the reader's thread,
  /// in the middle of the command.
  public func onDrop(_ body: @escaping @Sendable () -> Void) { removal.withLock { $0 = body } }

  /// The faults that are still to come, the oldest first.
  public var faults: [Pending] { state.withLock { $0.pending } }

  /// Has a fault happen; answers its number.
  public func add(_ fault: Fault) -> Int {
    state.withLock { state in
      state.lastNumber += 1
      state.pending.append(Pending(number: state.lastNumber, fault: fault))
      return state.lastNumber
    }
  }

  /// Takes one fault back, or all; answers how many there were.
  public func clear(number: Int? = nil) -> Int {
    state.withLock { state in
      let before = state.pending.count
      state.pending.removeAll { number == nil || $0.number == number }
      return before - state.pending.count
    }
  }

  /// Applies power. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR { try channel.powerOn() }
  /// Takes power away. See `CardChannel`.
  public func powerOff() throws(ChannelError) { try channel.powerOff() }
  /// Warm reset. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try channel.reset() }

  /// As the card, as long as no fault waits. See `CardChannel`.
  public func answersAtOnce(_ command: Span<UInt8>) -> Bool {
    faults.isEmpty && channel.answersAtOnce(command)
  }

  /// One command APDU, and what is left of its answer. See `CardChannel`.
  public func transmit(_ command: Span<UInt8>, into response: inout [UInt8])
    throws(ChannelError)
  {
    let (delay, fault) = due(for: command.count > 1 ? command[1] : nil)
    if delay > 0 { usleep(UInt32(delay) * 1000) }
    if fault?.isExecuted != false { try channel.transmit(command, into: &response) }
    switch fault?.effect {
    case nil, .delay: break
    case .answer(let status): response = [status.sw1, status.sw2]
    case .garbage(let bytes): response = bytes ?? response.map { ~$0 }
    case .truncate(let count): response.removeLast(max(0, response.count - count))
    case .drop:
      response.removeAll(keepingCapacity: true)
      removal.withLock { $0 }?()
      throw ChannelError(.noCard, attempt: "send a command", reason: "a fault took the card out")
    }
  }

  /// Milliseconds to wait, and what else happens to a command.
  private func due(for ins: UInt8?) -> (delay: Int, Fault?) {
    state.withLock { state in
      guard !state.pending.isEmpty else { return (0, nil) }
      var delay = 0
      var happening: Fault?
      for index in state.pending.indices {
        let fault = state.pending[index].fault
        guard fault.ins == nil || fault.ins == ins else { continue }
        if case .delay = fault.effect {} else if happening != nil { continue }
        state.pending[index].seen += 1
        guard state.pending[index].seen >= fault.nth else { continue }
        state.pending[index].happened += 1
        if case .delay(let milliseconds) = fault.effect {
          delay += milliseconds
        } else {
          happening = fault
        }
      }
      state.pending.removeAll { $0.happened == $0.fault.times }
      return (min(delay, Fault.longestDelay), happening)
    }
  }
}
