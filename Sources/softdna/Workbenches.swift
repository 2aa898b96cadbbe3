import Authority
import Cryptography
import Firmware
import Foundation
import ISO7816
import Scenarios
import Synchronization
import Terminal
import TokenHost
import VirtualReader

/// The channels a scenario may run over.
enum ChannelName: Equatable {
  /// The token in this process, without a reader.
  case direct
  /// A private world with stock pcscd and vpcd.
  case pcsc
  /// The card that is in a PC/SC reader of this machine.
  case reader(String)
  #if BLE
    /// Bluetooth LE between two adapters of this machine, over an L2CAP channel.
    case ble
    /// The same over GATT alone.
    case bleGATT
  #endif

  /// The channels on which each scenario has a token of its own.
  static var ownCards: [ChannelName] {
    #if BLE
      [.direct, .pcsc, .ble, .bleGATT]
    #else
      [.direct, .pcsc]
    #endif
  }

  var name: String {
    switch self {
    case .direct: "direct"
    case .pcsc: "pcsc"
    case .reader(let name): "reader:" + name
    #if BLE
      case .ble: "ble"
      case .bleGATT: "ble-gatt"
    #endif
    }
  }

  /// - Parameter isCardKnown: steps that spend something of a card in a reader may do so.
  func workbench(isCardKnown: Bool) -> any Workbench {
    switch self {
    case .direct: DirectWorkbench()
    case .pcsc: PCSCWorkbench()
    case .reader(let name): ReaderWorkbench(reader: name, isCardKnown: isCardKnown)
    #if BLE
      case .ble, .bleGATT: AirWorkbench(self)
    #endif
    }
  }

  /// How many scenarios run at a time where nobody says how many.
  var usualJobs: Int {
    let cores = ProcessInfo.processInfo.activeProcessorCount
    return switch self {
    case .direct: cores
    // Half of the time is waiting: vpcd looks for a card that has been put in every 0.4 s.
    case .pcsc: 2 * cores
    default: 1
    }
  }

  /// How many scenarios can run at a time.
  var mostJobs: Int {
    switch self {
    case .direct, .pcsc: 1000
    // One reader holds one card, and there is one token on the air.
    default: 1
    }
  }
}

/// Tokens reached in-process.
struct DirectWorkbench: Workbench {
  let channelName = "direct"

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    let slot = try Slot.manufactured(order, seed: seed, image: image)
    return DirectToken(slot) { slot.pressButtonWhenAsked() }
  }
}

/// A token in this process: out of the reader means without power.
final class DirectToken: PluggedToken {
  let channel: any CardChannel
  private let isOut = Mutex(false)
  private let finger: @Sendable () -> Void

  /// A token; `finger` presses its button when it asks.
  init(_ channel: any CardChannel, finger: @escaping @Sendable () -> Void) {
    self.channel = channel
    self.finger = finger
  }

  func press() { finger() }

  func remove() throws {
    isOut.withLock { $0 = true }
    try channel.powerOff()
  }

  func insert() throws {
    _ = try channel.powerOn()
    isOut.withLock { $0 = false }
  }

  /// The same token in the reader of a world that lasts as long as the body.
  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    let isOut = isOut.withLock { $0 }
    let world = try PrivateWorld.start(card: channel)
    defer {
      world.stop()
      if isOut { try? channel.powerOff() } else { _ = try? channel.powerOn() }
    }
    if isOut {
      world.remove()
      _ = try world.service.wait(for: .absent, in: world.readerName, timeout: .seconds(10))
    }
    return try body(world.hostEnvironment)
  }

  func unplug() { try? channel.powerOff() }
}

/// Tokens each in the reader of a PC/SC world of its own.
struct PCSCWorkbench: Workbench {
  let channelName = "pcsc"

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    let slot = try Slot.manufactured(order, seed: seed, image: image)
    let world = try PrivateWorld.start(card: slot)
    do {
      let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
      return PCSCToken(slot, world: world, reader: reader)
    } catch {
      world.stop()
      throw error
    }
  }
}

/// A token behind pcscd.
private final class PCSCToken: PluggedToken {
  let world: PrivateWorld
  let reader: PCSCReader
  private let slot: Slot
  private let isOut = Mutex(false)

  init(_ slot: Slot, world: PrivateWorld, reader: PCSCReader) {
    self.slot = slot
    self.world = world
    self.reader = reader
  }

  var channel: any CardChannel { reader }

  func remove() throws {
    world.remove()
    try wait(for: .absent)
    isOut.withLock { $0 = true }
  }

  func insert() throws {
    world.insert()
    try wait(for: .present)
    _ = try reader.powerOn()
    isOut.withLock { $0 = false }
  }

  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    defer { if !isOut.withLock({ $0 }) { _ = try? reader.reset() } }
    return try body(world.hostEnvironment)
  }

  func press() { slot.pressButtonWhenAsked() }

  func unplug() { world.stop() }

  private func wait(for presence: PCSCService.CardPresence) throws {
    guard try reader.wait(for: presence, timeout: .seconds(10)) else {
      throw ChannelError(
        .wire, attempt: "see the card \(presence)", reason: "pcscd did not notice within 10 s")
    }
  }
}

extension PrivateWorld {
  /// What host software in this world is told.
  var hostEnvironment: [String: String] {
    environment.merging(["SOFTDNA_READER": readerName]) { $1 }
  }
}

extension Slot {
  /// The chip of an order, its randomness from the scenario's seed, its memory in `image` if given.
  static func manufactured(_ order: ChipOrder, seed: UInt64, image: String?) throws
    -> Slot
  {
    let identity = ChipIdentity(
      persona: order.chip.persona, serial: order.serial, transportKey: order.transportKey)
    let randomness = Randomness.seeded(seed, label: "chip \(Hex.text(order.serial))")
    // Nobody in a scenario is slow: the button is pressed at once or not at all.
    let patience = Duration.milliseconds(100)
    guard let image else {
      return Slot(volatile: identity, randomness: randomness, buttonPatience: patience)
    }
    return try Slot(
      manufacturing: identity, at: image, randomness: randomness, buttonPatience: patience)
  }
}
