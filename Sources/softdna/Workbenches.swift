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
enum ChannelName: String, CaseIterable {
  /// The token in this process, without a reader.
  case direct
  /// A private world with stock pcscd and vpcd.
  case pcsc
  #if BLE
    /// Bluetooth LE between two adapters of this machine, over an L2CAP channel.
    case ble
    /// The same over GATT alone.
    case bleGATT = "ble-gatt"
  #endif

  var workbench: any Workbench {
    switch self {
    case .direct: DirectWorkbench()
    case .pcsc: PCSCWorkbench()
    #if BLE
      case .ble: AirWorkbench(self, forcesGATT: false)
      case .bleGATT: AirWorkbench(self, forcesGATT: true)
    #endif
    }
  }

  /// How many scenarios can run at a time.
  var mostJobs: Int {
    switch self {
    case .direct, .pcsc: 1000
    #if BLE
      // There is one token on the air.
      case .ble, .bleGATT: 1
    #endif
    }
  }
}

/// Tokens reached in-process.
struct DirectWorkbench: Workbench {
  let channelName = "direct"

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    DirectToken(try Slot.manufactured(order, seed: seed, image: image))
  }
}

/// A token in this process: out of the reader means without power.
final class DirectToken: PluggedToken {
  let channel: any CardChannel
  private let isOut = Mutex(false)

  init(_ channel: any CardChannel) { self.channel = channel }

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
    let world = try PrivateWorld.start(
      card: try Slot.manufactured(order, seed: seed, image: image))
    do {
      let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
      return PCSCToken(world: world, reader: reader)
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
  private let isOut = Mutex(false)

  init(world: PrivateWorld, reader: PCSCReader) {
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
    guard let image else { return Slot(volatile: identity, randomness: randomness) }
    return try Slot(manufacturing: identity, at: image, randomness: randomness)
  }
}
