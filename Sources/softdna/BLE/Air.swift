import BLETransport
import Foundation
import ISO7816
import Synchronization
import Terminal

/// A token's end and a host's end of Bluetooth LE in this process, over two adapters of this
/// machine: paired, connected, and each time with the card that is put in.
final class Air: Sendable {
  /// The adapter of the token, and that of the host.
  static let adapters = (token: "hci0", host: "hci1")
  /// Pairing and connecting take a second or two; machines that are emulated take their time.
  private static let patience: TimeInterval = 60

  /// The card as the host reaches it.
  let bridge: Bridge
  private let peripheral: Peripheral
  private let slot: ExchangeableCard
  private let news: News

  /// Brings a token with this card on the air and connects a host with it; pairs them the first time.
  ///
  /// - Throws: where adapters or bluetoothd are missing, or they do not come together in time.
  init(_ card: any CardChannel, forcesGATT: Bool) throws {
    try Self.checkAdapters()
    let slot = ExchangeableCard(card)
    let news = News()
    let bridge = Bridge(
      Bridge.Configuration(adapter: Self.adapters.host, forcesGATT: forcesGATT))
    let peripheral = try Peripheral(
      slot,
      Peripheral.Configuration(adapter: Self.adapters.token, pairing: .seconds(120))
    ) { event in
      if case .passkey(_, let passkey) = event { news.update { $0.passkey = UInt32(passkey) } }
    }
    self.slot = slot
    self.news = news
    self.bridge = bridge
    self.peripheral = peripheral
    Thread.detachNewThread {
      peripheral.run()
      news.update { $0.running -= 1 }
    }
    Thread.detachNewThread {
      bridge.run { event in news.follow(event) }
      news.update { $0.running -= 1 }
    }
    do { try connect() } catch {
      stop()
      throw error
    }
  }

  deinit { stop() }

  /// Puts another card into the token.
  func exchange(for card: any CardChannel) throws {
    try? bridge.powerOff()
    slot.exchange(for: card)
    if news.state.card == .removed { try insert() }
  }

  /// Takes the card out of the token; returns when the host knows.
  func remove() throws {
    peripheral.remove()
    try wait(for: "hear that the card was removed") { $0.card == .removed }
  }

  /// Puts the card back into the token; returns when the host knows.
  func insert() throws {
    peripheral.insert()
    try wait(for: "hear that the card is back") { $0.card == .present }
  }

  private func connect() throws {
    try wait(for: "connect token and host over Bluetooth") { state in
      // Whoever asks and whoever shows the passkey are two daemons' calls apart.
      state.isAsking && state.passkey != nil || state.isConnected
    }
    guard !news.state.isConnected, let passkey = news.state.passkey else { return }
    bridge.answer(.passkey(passkey))
    try wait(for: "pair token and host over Bluetooth") { $0.isConnected }
  }

  private func wait(for what: String, until condition: (News.State) -> Bool) throws {
    let state = news.wait(Self.patience) { condition($0) || $0.failure != nil }
    if condition(state) { return }
    throw Failure("cannot \(what): \(state.failure ?? state.last)")
  }

  private func stop() {
    bridge.stop()
    peripheral.stop()
    _ = news.wait(5) { $0.running == 0 }
  }

  private static func checkAdapters() throws {
    let present = LocalAdapter.all().map(\.name)
    let missing = [adapters.token, adapters.host].filter { !present.contains($0) }
    guard !missing.isEmpty else { return }
    throw Failure(
      "scenarios over Bluetooth need two adapters, \(adapters.token) for the token and "
        + "\(adapters.host) for the host; there is no \(missing.joined(separator: " and no ")). A "
        + "virtual machine with both: ble/testbed/run \(ProcessArguments.all[0]) run --over ble …")
  }
}

/// What both ends have told so far, for threads that wait for more.
private final class News: @unchecked Sendable {
  struct State {
    var running = 2
    var passkey: UInt32?
    var isAsking = false
    var isConnected = false
    var card = CardState.present
    /// Why the host's end has given up.
    var failure: String?
    /// The host's last word.
    var last = "nothing happened"
  }

  // Only touched with `condition` locked.
  private var value = State()
  private let condition = NSCondition()

  var state: State { condition.withLock { value } }

  func update(_ body: (inout State) -> Void) {
    condition.withLock {
      body(&value)
      condition.broadcast()
    }
  }

  func follow(_ event: BridgeEvent) {
    update { state in
      state.last = event.description
      switch event {
      case .question(.passkey): state.isAsking = true
      case .connected: state.isConnected = true
      case .lost, .waiting: state.isConnected = false
      case .card(let card): state.card = card
      case .ended(let reason): state.failure = reason
      default: break
      }
    }
  }

  /// Waits for the state to meet `isMet`, so many seconds at most; answers the state.
  func wait(_ seconds: TimeInterval, until isMet: (State) -> Bool) -> State {
    let limit = Date(timeIntervalSinceNow: seconds)
    return condition.withLock {
      while !isMet(value), condition.wait(until: limit) {}
      return value
    }
  }
}

/// A card that can be exchanged while its token is on the air.
private final class ExchangeableCard: CardChannel {
  private let card: Mutex<any CardChannel>

  init(_ card: any CardChannel) { self.card = Mutex(card) }

  func exchange(for other: any CardChannel) { card.withLock { $0 = other } }

  private var present: any CardChannel { card.withLock { $0 } }

  func powerOn() throws(ChannelError) -> ATR { try present.powerOn() }
  func powerOff() throws(ChannelError) { try present.powerOff() }
  func reset() throws(ChannelError) -> ATR { try present.reset() }

  func transmit(_ command: Span<UInt8>, into response: inout [UInt8]) throws(ChannelError) {
    try present.transmit(command, into: &response)
  }
}
