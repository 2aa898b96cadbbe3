import ArgumentParser
import VirtualReader

/// `--vpcd HOST:PORT`.
struct VPCDOption: ParsableArguments {
  @Option(help: "Where vpcd listens, HOST:PORT.") var vpcd =
    "\(VPCDCardEnd.defaultHost):\(VPCDCardEnd.defaultPort)"

  /// Host and port.
  func endpoint() throws -> (host: String, port: UInt16) {
    let parts = vpcd.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let port = UInt16(parts[1]), port > 0 else {
      throw Failure("--vpcd takes HOST:PORT, as in 127.0.0.1:35963, not \"\(vpcd)\"")
    }
    return (String(parts[0]), port)
  }
}
