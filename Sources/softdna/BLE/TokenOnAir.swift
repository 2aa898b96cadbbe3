import BLETransport
import Cryptography
import Foundation
import Synchronization
import Terminal
import TokenHost

/// A token that serves hosts over Bluetooth LE on a thread of its own.
final class TokenOnAir: TokenReader, PairingDoor {
  private let peripheral: Peripheral
  private let ended = DispatchSemaphore(value: 0)
  private let hasCard = Mutex(true)

  /// Not on the air yet.
  init(_ card: any CardChannel, adapter: String, _ options: AirOptions, slot: Slot) throws {
    var configuration = Peripheral.Configuration(
      adapter: adapter, pairing: options.pairing.map { .seconds($0) },
      confirms: options.confirm, offersChannel: !options.gattOnly, tag: Self.tag(of: slot))
    configuration.limit = .seconds(options.unsecured)
    peripheral = try failing {
      try Peripheral(
        card, configuration,
        waitReason: { slot.isWaitingForButton ? .consent : .processing },
        observer: { EventPrinter.print($0, asJSON: options.json) })
    }
  }

  /// The digits of the token's name, the same for all its life: people know it by them after a
  /// restart. They come from the chip's serial number (EF.GDO), which they do not tell.
  private static func tag(of slot: Slot) -> UInt16 {
    defer { slot.powerOff() }
    guard (try? slot.powerOn()) != nil, let serial = try? CardSession(slot).readFile([0x2F02])
    else { return .random(in: 0...0xFFFF) }
    let digest = Digest.sha256(Array("name on the air".utf8) + serial)
    return UInt16(digest[0]) << 8 | UInt16(digest[1])
  }

  /// Goes on the air.
  func start() {
    Thread.detachNewThread { [peripheral, ended] in
      peripheral.run()
      ended.signal()
    }
  }

  /// Leaves the air; when this returns, the card has no power here.
  func stop() {
    peripheral.stop()
    ended.wait()
  }

  var holds: CardInReader { hasCard.withLock { $0 } ? .token : .none }

  func insert() {
    hasCard.withLock { $0 = true }
    peripheral.insert()
  }

  func remove() {
    hasCard.withLock { $0 = false }
    peripheral.remove()
  }

  /// Hosts are told, and need not be waited for.
  func waitUntilNoticed() -> Bool { true }

  func openPairing(for duration: Duration) { peripheral.openPairing(for: duration) }

  func confirm(_ isSame: Bool) { peripheral.confirm(isSame) }
}

/// A token in a reader and on the air at once.
struct ReaderAndAir: TokenReader, PairingDoor {
  let reader: any TokenReader
  let air: TokenOnAir

  var holds: CardInReader { reader.holds }

  func insert() {
    reader.insert()
    air.insert()
  }

  func remove() {
    reader.remove()
    air.remove()
  }

  func waitUntilNoticed() -> Bool { reader.waitUntilNoticed() }

  func openPairing(for duration: Duration) { air.openPairing(for: duration) }

  func confirm(_ isSame: Bool) { air.confirm(isSame) }
}
