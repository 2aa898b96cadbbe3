internal import ISO7816
public import Terminal

/// The token's end of Bluetooth LE: a card that paired hosts reach over the air (ble/PROFILE.md).
///
/// It needs bluetoothd and an adapter, and no privileges. What is missing is waited for: a daemon
/// that restarts, an adapter that is switched off or pulled out.
public final class Peripheral: Sendable {
  /// How a token is on the air.
  public struct Configuration: Sendable {
    /// The adapter's name: "hci0".
    public var adapter: String
    /// How long hosts can be paired from the start; nil for not at all.
    public var pairing: Duration?
    /// The user can be asked whether two numbers are the same.
    public var confirms: Bool
    /// Hosts may use L2CAP channels.
    public var offersChannel: Bool
    /// How long a host may stay connected without having secured its link.
    public var limit = Duration.seconds(30)
    /// The name that is advertised; it tells tokens apart, and not whose they are.
    public let name: String

    /// A token on `adapter` with which nobody can be paired yet.
    ///
    /// - Parameter tag: the digits of its name.
    public init(
      adapter: String = "hci0", pairing: Duration? = nil, confirms: Bool = false,
      offersChannel: Bool = true, tag: UInt16 = .random(in: 0...0xFFFF)
    ) {
      let digits = String(tag, radix: 16)
      name = "Token-" + String(repeating: "0", count: 4 - digits.count) + digits
      self.adapter = adapter
      self.pairing = pairing
      self.confirms = confirms
      self.offersChannel = offersChannel
    }
  }

  /// The longest payload of a message, in bytes: what fits a unit of an L2CAP channel.
  static let maximumMessage = L2CAPSocket.maximumUnit - 2

  private let card: any CardChannel
  private let atr: ATR
  private let configuration: Configuration
  private let waitReason: @Sendable () -> Wait.Reason
  private let observer: @Sendable (PeripheralEvent) -> Void
  private let orders = Mailbox<PeripheralCore>()

  /// A token that is not on the air yet; asks the card for its ATR.
  ///
  /// - Parameters:
  ///   - waitReason: tells a host why the card takes its time.
  ///   - observer: sees each event, on the thread that runs the token.
  /// - Throws: where the card takes no power.
  public init(
    _ card: any CardChannel, _ configuration: Configuration,
    waitReason: @escaping @Sendable () -> Wait.Reason = { .processing },
    observer: @escaping @Sendable (PeripheralEvent) -> Void
  ) throws(ChannelError) {
    atr = try card.powerOn()
    try card.powerOff()
    self.card = card
    self.configuration = configuration
    self.waitReason = waitReason
    self.observer = observer
  }

  /// Serves hosts on the calling thread until somebody calls `stop`.
  public func run() {
    let core = PeripheralCore(
      card, atr: atr, configuration, waitReason: waitReason, observer: observer)
    core.run(orders)
  }

  /// Ends `run`: the card loses power and hosts lose the token.
  public func stop() { orders.post { $0.stop() } }

  /// Lets hosts be paired for as long.
  public func openPairing(for duration: Duration) {
    orders.post { $0.openPairing(for: duration) }
  }

  /// Answers the comparison of two numbers; nothing where none is going on.
  public func confirm(_ isSame: Bool) { orders.post { $0.confirm(isSame) } }

  /// Puts the card in.
  public func insert() { orders.post { $0.setPresent(true) } }

  /// Takes the card out; hosts stay connected and are told.
  public func remove() { orders.post { $0.setPresent(false) } }
}
