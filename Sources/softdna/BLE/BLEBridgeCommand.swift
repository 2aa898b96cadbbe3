import ArgumentParser
import BLETransport
import Foundation
import Synchronization
import VirtualReader

/// `softdna ble bridge`.
struct BLEBridgeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bridge",
    abstract: "Put a token that is on the air into this machine's PC/SC reader, until interrupted.",
    discussion: """
      Finds the token, pairs with it the first time, keeps it connected, and plugs it into vpcd: \
      PC/SC programs use it as any card. The card is in the reader as long as the token is \
      connected. Needs bluetoothd (Debian: bluez), an adapter, and pcscd with vpcd; no privileges.

      While it runs, lines on standard input are answers to what pairing asks, or one of: cancel \
      (the token gives up the command it works at), quit.

      Exit status: 0 interrupted, 2 something is missing, or the pairing does not hold.
      """)

  @OptionGroup var adapter: AdapterOption
  @Option(
    help: ArgumentHelp(
      "The token's Bluetooth address; without it the one that is paired, or the only one heard.",
      valueName: "address"))
  var device: String?
  @OptionGroup var reader: VPCDOption
  @Flag(help: "Use GATT alone, even where the token offers an L2CAP channel.") var gatt = false
  @Option(
    help: ArgumentHelp(
      "Read the token's six digits from this file descriptor instead of asking.", valueName: "fd"))
  var passkeyFrom: Int32?
  @Flag(help: "Take the numbers both sides show for equal without asking: a script has compared.")
  var confirm = false
  @Flag(help: "Print events as JSON lines on standard output.") var json = false

  func validate() throws {
    if let device, device.wholeMatch(of: /(?i)([0-9a-f]{2}:){5}[0-9a-f]{2}/) == nil {
      throw ValidationError("--device takes an address, as in 00:1A:7D:DA:71:13")
    }
    if let passkeyFrom, fcntl(passkeyFrom, F_GETFD) < 0 {
      throw ValidationError("--passkey-from takes an open file descriptor; \(passkeyFrom) is none")
    }
  }

  func run() throws {
    let endpoint = try reader.endpoint()
    // Before somebody types a passkey for nothing.
    try failing { try VPCDCardEnd.checkReader(host: endpoint.host, port: endpoint.port) }
    let interrupted = Interruption()
    let end = interrupted.end
    let farewell = Farewell()
    let bridge = Bridge(
      Bridge.Configuration(adapter: adapter.name, token: device, forcesGATT: gatt))
    let reader = BridgedReader(bridge, host: endpoint.host, port: endpoint.port) { failure in
      farewell.reason.withLock { $0 = failure }
      end()
    }
    let pairing = PairingTerminal(
      bridge, passkeyFrom: passkeyFrom, confirmsAll: confirm, quit: end)
    pairing.start()
    Thread.detachNewThread { [json] in
      bridge.run { event in
        // Who reads of a question answers it: it has to be open by then.
        pairing.expect(event)
        EventPrinter.print(event, asJSON: json)
        reader.follow(event)
        pairing.follow(event)
        if case .ended(let reason) = event { farewell.reason.withLock { $0 = reason } }
      }
      farewell.hasEnded.signal()
      end()
    }
    interrupted.wait()
    bridge.stop()
    farewell.hasEnded.wait()
    reader.stop()
    if let reason = farewell.reason.withLock({ $0 }) { throw Failure(reason) }
  }

  /// How a bridge ended.
  private final class Farewell: Sendable {
    /// In words; nil where somebody asked for it.
    let reason = Mutex<String?>(nil)
    let hasEnded = DispatchSemaphore(value: 0)
  }
}
