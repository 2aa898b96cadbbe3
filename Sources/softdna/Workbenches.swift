import Authority
import Cryptography
import Firmware
import Foundation
import Scenarios
import Terminal
import TokenHost
import VirtualReader

/// The channels a scenario may run over.
enum ChannelName: String, CaseIterable {
  /// The token in this process, without a reader.
  case direct
  /// A private world with stock pcscd and vpcd.
  case pcsc

  var workbench: any Workbench {
    switch self {
    case .direct: DirectWorkbench()
    case .pcsc: PCSCWorkbench()
    }
  }
}

/// Tokens in memory, reached in-process.
struct DirectWorkbench: Workbench {
  let channelName = "direct"

  func manufacture(_ order: ChipOrder, seed: UInt64) throws -> any PluggedToken {
    DirectToken(slot: Slot(order, seed: seed))
  }
}

/// A token in memory: out of the reader means without power.
private struct DirectToken: PluggedToken {
  let slot: Slot
  var channel: any CardChannel { slot }
  func remove() { slot.powerOff() }
  func insert() throws { _ = try slot.powerOn() }
  func unplug() { slot.powerOff() }
}

/// Tokens in memory, each in the reader of a PC/SC world of its own.
struct PCSCWorkbench: Workbench {
  let channelName = "pcsc"

  func manufacture(_ order: ChipOrder, seed: UInt64) throws -> any PluggedToken {
    let world = try PrivateWorld.start(card: Slot(order, seed: seed))
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
private struct PCSCToken: PluggedToken {
  let world: PrivateWorld
  let reader: PCSCReader
  var channel: any CardChannel { reader }

  func remove() throws {
    world.remove()
    try wait(for: .absent)
  }

  func insert() throws {
    world.insert()
    try wait(for: .present)
    _ = try reader.powerOn()
  }

  func unplug() { world.stop() }

  private func wait(for presence: PCSCService.CardPresence) throws {
    guard try reader.wait(for: presence, timeout: .seconds(10)) else {
      throw ChannelError(
        .wire, attempt: "see the card \(presence)", reason: "pcscd did not notice within 10 s")
    }
  }
}

extension Slot {
  /// The chip of an order, in memory, its randomness from the scenario's seed.
  convenience init(_ order: ChipOrder, seed: UInt64) {
    self.init(
      volatile: ChipIdentity(
        persona: order.chip.persona, serial: order.serial, transportKey: order.transportKey),
      randomness: .seeded(seed, label: "chip"))
  }
}
