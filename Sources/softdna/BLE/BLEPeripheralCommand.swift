import ArgumentParser
import TokenHost

/// `softdna ble peripheral`.
struct BLEPeripheralCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "peripheral",
    abstract: "Serve the token to paired hosts over Bluetooth LE until interrupted.",
    discussion: """
      Needs bluetoothd (Debian: bluez) and an adapter, and no privileges; what is missing is \
      waited for. Hosts can be paired while --pairing or `softdna ctl pair` allow it. Requests of \
      `softdna ctl` that need no more words can be given on standard input, confirm, reject and \
      quit among them.

      To serve PC/SC programs of this machine at the same time: softdna up --ble hci0.
      """)

  @OptionGroup var state: StateOption
  @OptionGroup var volatility: VolatileOption
  @OptionGroup var adapter: AdapterOption
  @OptionGroup var air: AirOptions

  func run() throws {
    let token = try ControlledToken(
      state.directory, isVolatile: volatility.isVolatile, clock: state.directory.clock,
      clockIsSeenBy: ["authority"])
    let service = TokenService()
    let onAir = try TokenOnAir(
      air.slowed(token.channel), adapter: adapter.name, air, slot: token.slot)
    token.plug(into: onAir)
    onAir.start()
    defer { onAir.stop() }
    try service.run(token)
  }
}
