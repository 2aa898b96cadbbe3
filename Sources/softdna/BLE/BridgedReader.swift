import BLETransport
import Dispatch
import Terminal
import VirtualReader

/// The machine's PC/SC reader with the card of a bridge in it, as long as the token is connected and
/// has its card.
final class BridgedReader: Sendable {
  private let card: any CardChannel
  private let route: (host: String, port: UInt16)
  private let failed: @Sendable (String) -> Void
  /// The card must not be used on the bridge's thread, which reports what happens to it.
  private let queue = DispatchQueue(label: "softdna reader")
  // Only touched on the queue.
  nonisolated(unsafe) private var cardEnd: VPCDCardEnd?

  /// A reader that is not connected yet; `failed` hears, in words, that it cannot be.
  init(
    _ card: any CardChannel, host: String, port: UInt16,
    failed: @escaping @Sendable (String) -> Void
  ) {
    self.card = card
    route = (host, port)
    self.failed = failed
  }

  /// Has the card come and go with the token.
  func follow(_ event: BridgeEvent) {
    switch event {
    case .connected, .card(.present): queue.async { [self] in insert() }
    case .lost, .waiting, .ended, .card(.removed): queue.async { [self] in cardEnd?.remove() }
    default: break
    }
  }

  /// Takes the card out for good.
  func stop() {
    queue.sync {
      cardEnd?.stop()
      cardEnd = nil
    }
  }

  private func insert() {
    if let cardEnd { return cardEnd.insert() }
    do throws(VirtualReaderError) {
      cardEnd = try VPCDCardEnd.connect(card, host: route.host, port: route.port) { event in
        if case .cardFailed(let error) = event { Console.note("softdna: \(error)") }
      }
    } catch {
      // A token that went away meanwhile comes back and is plugged in then.
      if error.attempt != "plug in the card" { failed(error.description) }
    }
  }
}
