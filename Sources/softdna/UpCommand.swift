import ArgumentParser
import Foundation
import Terminal
import TokenHost
import VirtualReader

/// `softdna up`.
struct UpCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "up",
    abstract: "Plug the token into this machine's virtual PC/SC reader until interrupted.",
    discussion: """
      The reader is vsmartcard's vpcd (Debian: vsmartcard-vpcd) under the machine's own pcscd. \
      While it runs, lines on standard input act on the token: insert, remove, press, quit and \
      the other requests of `softdna ctl` that need no more words; from elsewhere `softdna ctl` \
      does the same.
      """)

  @OptionGroup var state: StateOption
  @OptionGroup var volatility: VolatileOption
  @OptionGroup var reader: VPCDOption
  @Option(help: "Write what goes over the wire to this file: .jsonl (a trace) or .pcap.")
  var log: String?
  #if BLE
    @Option(
      help: ArgumentHelp(
        "Serve hosts over Bluetooth LE, too, with this adapter: hci0.", valueName: "adapter"))
    var ble: String?
    @OptionGroup(title: "With --ble") var air: AirOptions
  #endif

  func run() throws {
    let (host, port) = try reader.endpoint()
    let token = try ControlledToken(
      state.directory, isVolatile: volatility.isVolatile, clock: state.directory.clock,
      clockIsSeenBy: ["authority"])
    let log = try self.log.map { try TraceLog(path: $0, channel: "vpcd") }
    let service = TokenService()
    var card: any CardChannel = log?.recording(token.channel) ?? token.channel
    #if BLE
      var onAir: TokenOnAir?
      if let ble {
        let shared = SharedCard(air.slowed(card), patience: .seconds(air.shareAfter))
        onAir = try TokenOnAir(shared.interface(), adapter: ble, air, slot: token.slot)
        card = shared.interface()
      }
    #endif
    let cardEnd = try failing {
      try VPCDCardEnd.connect(card, host: host, port: port) { event in
        Console.note("softdna: \(event)")
      }
    }
    token.plug(into: cardEnd)
    #if BLE
      if let onAir {
        token.plug(into: ReaderAndAir(reader: cardEnd, air: onAir))
        onAir.start()
      }
      defer { onAir?.stop() }
    #endif
    Console.note("softdna: the token is in the reader at \(host):\(port); end with Ctrl-C")
    try service.run(token)
    cardEnd.stop()
    try log?.close()
  }
}
