internal import Dispatch
public import ISO7816
internal import Synchronization
public import Terminal

/// The host's end of Bluetooth LE: a token's card as a channel, found, paired and kept connected
/// (ble/PROFILE.md).
///
/// It needs bluetoothd and an adapter, and no privileges. While the token is out of reach there is no
/// card; the token is connected again when it comes back.
public final class Bridge: CardChannel {
  /// Which token, and how.
  public struct Configuration: Sendable {
    /// The adapter's name: "hci0".
    public var adapter: String
    /// The token's address; nil for the one that is paired or, where none is, the one on the air.
    public var token: String?
    /// No L2CAP channel, even where one is offered.
    public var forcesGATT: Bool

    /// Any token, over `adapter`.
    public init(adapter: String = "hci0", token: String? = nil, forcesGATT: Bool = false) {
      self.adapter = adapter
      self.token = token?.uppercased()
      self.forcesGATT = forcesGATT
    }
  }

  private struct State {
    var hasEnded = false
    var unanswered: Promise?
  }

  private let configuration: Configuration
  private let orders = Mailbox<Central>()
  private let state = Mutex(State())
  private let oneAtATime = Mutex(())

  /// A bridge that does nothing yet.
  public init(_ configuration: Configuration) { self.configuration = configuration }

  /// Runs the bridge on the calling thread until somebody calls `stop`, or it ends by itself.
  ///
  /// - Parameter observer: sees each event, on this thread; it must not use the card.
  public func run(observer: @escaping (BridgeEvent) -> Void) {
    let loop = EventLoop()
    do throws(BusError) {
      let central = try Central(configuration, on: loop, observer: observer)
      loop.add(orders.source(for: central))
      central.run()
    } catch {
      observer(.ended(reason: error.description))
    }
    let unanswered = state.withLock { state in
      state.hasEnded = true
      return state.unanswered
    }
    unanswered?.keep(.failure(Self.ended))
  }

  /// Ends `run`: the token is disconnected.
  public func stop() { orders.post { $0.stop() } }

  /// Answers the open question of pairing; nothing where there is none.
  public func answer(_ answer: PairingAnswer) { orders.post { $0.answer(answer) } }

  /// Has the token give up the command it works at; who sent it gets an error.
  public func cancel() { orders.post { $0.cancel() } }

  /// Applies power, or resets. See `CardChannel`.
  public func powerOn() throws(ChannelError) -> ATR { ATR(try ask(.powerOn)) }

  /// Takes power away. See `CardChannel`.
  public func powerOff() throws(ChannelError) { _ = try ask(.powerOff) }

  /// Resets. See `CardChannel`.
  public func reset() throws(ChannelError) -> ATR { try powerOn() }

  /// One command APDU and its answer. See `CardChannel`.
  public func transmit(
    _ command: Span<UInt8>, into response: inout [UInt8]
  ) throws(ChannelError) {
    response = try ask(.command(command.indices.map { command[$0] }))
  }

  private func ask(_ request: Exchange.Request) throws(ChannelError) -> [UInt8] {
    let result = oneAtATime.withLock { _ in
      let promise = Promise()
      let hasEnded = state.withLock { state in
        state.unanswered = promise
        return state.hasEnded
      }
      if hasEnded { return Result<[UInt8], ChannelError>.failure(Self.ended) }
      orders.post { central in central.request(request) { promise.keep($0) } }
      return promise.wait()
    }
    return try result.get()
  }

  private static let ended = ChannelError(
    .noCard, attempt: "use the card", reason: "the bridge has ended")
}

/// An answer that a thread waits for; the first one counts.
private final class Promise: Sendable {
  private let result = Mutex<Result<[UInt8], ChannelError>?>(nil)
  private let kept = DispatchSemaphore(value: 0)

  func keep(_ result: Result<[UInt8], ChannelError>) {
    let isFirst = self.result.withLock { kept in
      defer { kept = kept ?? result }
      return kept == nil
    }
    if isFirst { kept.signal() }
  }

  func wait() -> Result<[UInt8], ChannelError> {
    kept.wait()
    guard let result = result.withLock({ $0 }) else { preconditionFailure("kept without a result") }
    return result
  }
}
