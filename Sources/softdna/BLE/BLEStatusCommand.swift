import ArgumentParser
import BLETransport
import Foundation

/// `softdna ble status`.
struct BLEStatusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "status",
    abstract: "Say what this machine has for Bluetooth LE, who is paired, and what to beware of.",
    discussion: "Exit status: 0 an adapter can be used, 1 none can.")

  @Flag(help: "Print JSON.") var json = false

  func run() throws {
    let status = BluetoothStatus.ofThisMachine()
    if json {
      let encoder = JSONEncoder()
      encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes, .prettyPrinted]
      Console.print(String(decoding: try encoder.encode(status), as: UTF8.self))
    } else {
      print(status)
    }
    guard status.problem == nil, status.adapters.contains(where: \.hasLE) else { throw ExitCode(1) }
  }

  private func print(_ status: BluetoothStatus) {
    Console.print("kernel      \(status.kernel)")
    Console.print(
      "bluetoothd  \(status.problem ?? status.bluetoothd?.description ?? "of unknown version")")
    if status.adapters.isEmpty { Console.print("adapters    none") }
    for adapter in status.adapters {
      let facts = [
        adapter.isOn ? "on" : "off", adapter.hasLE ? "Bluetooth LE" : "no Bluetooth LE",
        adapter.canAdvertise ? "can carry a token" : "cannot carry a token",
        adapter.isPairable ? "pairable" : "not pairable",
      ]
      Console.print("\(adapter.name)        \(adapter.address)  \(facts.joined(separator: ", "))")
      for bond in adapter.bonds {
        let link = bond.isConnected ? "connected" : "not connected"
        Console.print("            paired with \(bond.name) (\(bond.address)), \(link)")
      }
    }
    for hazard in status.hazards {
      let remedy = hazard.fixedIn.map { " (until BlueZ \($0))" } ?? ""
      Console.print(Console.paint("beware      ", .yellow) + hazard.sentence + remedy)
    }
  }
}
