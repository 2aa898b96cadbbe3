import BLETransport
import Scenarios
import Synchronization
import Terminal
import TokenHost
import VirtualReader

/// Tokens reached over Bluetooth LE: a token and a host on two adapters of this machine, one token
/// on the air at a time.
final class AirWorkbench: Workbench {
  let channelName: String
  private let forcesGATT: Bool
  /// Made with the first token, and kept: pairing and connecting take their time.
  private let air = Mutex<Air?>(nil)

  /// - Parameter forcesGATT: no L2CAP channel.
  init(_ name: ChannelName, forcesGATT: Bool) {
    channelName = name.rawValue
    self.forcesGATT = forcesGATT
  }

  func manufacture(_ order: ChipOrder, seed: UInt64, image: String?) throws -> any PluggedToken {
    let slot = try Slot.manufactured(order, seed: seed, image: image)
    return try air.withLock { air in
      if let air {
        try air.exchange(for: slot)
        return AirToken(air)
      }
      let made = try Air(slot, forcesGATT: forcesGATT)
      air = made
      return AirToken(made)
    }
  }
}

/// A token on the air: out of the reader means that it has no card.
private final class AirToken: PluggedToken {
  private let air: Air
  private let isOut = Mutex(false)

  init(_ air: Air) { self.air = air }

  var channel: any CardChannel { air.bridge }

  func remove() throws {
    try air.remove()
    isOut.withLock { $0 = true }
  }

  func insert() throws {
    try air.insert()
    _ = try air.bridge.powerOn()
    isOut.withLock { $0 = false }
  }

  /// The token in the reader of a world that lasts as long as the body.
  func lend<Result>(_ body: ([String: String]) throws -> Result) throws -> Result {
    let isOut = isOut.withLock { $0 }
    // A world starts with a card in its reader.
    if isOut { try air.insert() }
    var configuration = PrivateWorld.Configuration()
    // Two adapters are mostly those of a virtual machine, which takes its time.
    configuration.timeout = .seconds(60)
    let world = try PrivateWorld.start(card: air.bridge, configuration: configuration) { event in
      if case .cardFailed(let error) = event { Console.note("softdna: \(error)") }
    }
    defer {
      world.stop()
      if !isOut { _ = try? air.bridge.powerOn() }
    }
    if isOut {
      try air.remove()
      world.remove()
      _ = try world.service.wait(for: .absent, in: world.readerName, timeout: configuration.timeout)
    }
    return try body(world.hostEnvironment)
  }

  func unplug() { try? air.bridge.powerOff() }
}
