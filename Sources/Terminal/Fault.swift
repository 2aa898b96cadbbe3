public import ISO7816

/// How a card or the wire to it breaks, and at which command.
public struct Fault: Equatable, Sendable {
  /// What the host sees of it.
  public enum Effect: Equatable, Sendable {
    /// Another answer than the card's: response APDU data are lost, SW1-SW2 are these.
    case answer(StatusWord)
    /// The answer comes so many milliseconds late; the card does its work afterwards.
    case delay(milliseconds: Int)
    /// The card is gone in the middle of the command.
    case drop
    /// Every bit of the answer is inverted, or the answer is these bytes.
    case garbage([UInt8]?)
    /// Only so many bytes of the answer arrive, one at least: a reader waits for ever for none.
    case truncate(Int)
  }

  /// The longest delay, in milliseconds: a reader waits for as long, and nobody can interrupt it.
  public static let longestDelay = 60_000

  /// What happens.
  public let effect: Effect
  /// INS of the commands it concerns; nil for all.
  public let ins: UInt8?
  /// Which of those commands, counted from now, is the first one it happens to; 1 for the next.
  public let nth: Int
  /// How many commands in a row it happens to; nil for all from the first on.
  public let times: Int?
  /// The card carries the command out, and what it did is lost or damaged on its way back.
  public let isExecuted: Bool

  /// A fault.
  ///
  /// - Parameter isExecuted: nil for what is usual: a card that answers something else or is gone
  ///   has not carried the command out; what is late or damaged it has.
  public init(
    _ effect: Effect, ins: UInt8? = nil, nth: Int = 1, times: Int? = 1, isExecuted: Bool? = nil
  ) {
    self.effect = effect
    self.ins = ins
    self.nth = nth
    self.times = times
    switch effect {
    case .answer, .drop: self.isExecuted = isExecuted ?? false
    case .delay, .garbage, .truncate: self.isExecuted = true
    }
  }
}
