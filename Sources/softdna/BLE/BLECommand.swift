import ArgumentParser

/// `softdna ble`.
struct BLECommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ble",
    abstract: "Bluetooth LE: the token on the air, its hosts, and the way into a host's reader.",
    discussion: "The profile is ble/PROFILE.md; how to pair a host is in ble/README.md.",
    subcommands: [
      BLEPeripheralCommand.self, BLEBridgeCommand.self, BLEStatusCommand.self, BLEBondsCommand.self,
      BLEUnpairCommand.self, BLEMeasureCommand.self,
    ])
}

/// The option that names an adapter.
struct AdapterOption: ParsableArguments {
  @Option(name: .customLong("adapter"), help: "The Bluetooth adapter.") var name = "hci0"
}
