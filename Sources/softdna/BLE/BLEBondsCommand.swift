import ArgumentParser
import BLETransport

/// `softdna ble bonds`.
struct BLEBondsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bonds", abstract: "List the hosts (or tokens) an adapter is paired with.")

  @OptionGroup var adapter: AdapterOption

  func run() throws {
    for bond in try failing({ try Bonds(adapter: adapter.name).all() }) {
      let state = bond.isConnected ? "connected" : "not connected"
      Console.print("\(bond.address)  \(state)  \(bond.name)")
    }
  }
}

/// `softdna ble unpair`.
struct BLEUnpairCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "unpair",
    abstract: "Forget a host (or a token); the other side has to forget this one, too.")

  @OptionGroup var adapter: AdapterOption
  @Argument(help: "Its address, as `softdna ble bonds` shows it.") var address: String

  func run() throws {
    guard try failing({ try Bonds(adapter: adapter.name).remove(address) }) else {
      throw Failure("\(address) is not paired; softdna ble bonds lists who is", status: 1)
    }
  }
}
