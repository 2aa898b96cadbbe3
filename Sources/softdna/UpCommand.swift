import ArgumentParser
import Foundation
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
  @Option(help: "Where vpcd listens, HOST:PORT.") var vpcd = "127.0.0.1:35963"
  @Option(help: "Write what goes over the wire to this file: .jsonl (a trace) or .pcap.")
  var log: String?

  func run() throws {
    let (host, port) = try endpoint()
    let token = try ControlledToken(
      state.directory, isVolatile: volatility.isVolatile, clock: state.directory.clock,
      clockIsSeenBy: ["authority"])
    let channel = token.channel
    let log = try self.log.map { try TraceLog(path: $0, channel: "vpcd") }
    // Signals end the run in order: the card is taken out, then powered off.
    let interrupted = DispatchSemaphore(value: 0)
    let sources = [SIGINT, SIGTERM, SIGHUP].map { number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { interrupted.signal() }
      source.resume()
      return source
    }
    defer { for source in sources { source.cancel() } }
    let cardEnd = try failing {
      try VPCDCardEnd.connect(
        log?.recording(channel) ?? channel, host: host, port: port
      ) { event in
        Console.note("softdna: \(event)")
      }
    }
    token.plug(into: cardEnd)
    let control = try ControlSocket(path: state.directory.controlSocket, token: token)
    defer { control.stop() }
    Console.note("softdna: the token is in the reader at \(host):\(port); end with Ctrl-C")
    Thread.detachNewThread {
      while let line = readLine() {
        let word = line.trimmingCharacters(in: .whitespaces)
        switch word {
        case "": break
        case "quit":
          interrupted.signal()
          return
        default:
          do {
            let result = try ControlVocabulary.perform(["do": .text(word)], on: token)
            if result != .null { Console.note(result.text()) }
          } catch {
            Console.note("softdna: \(error)")
          }
        }
      }
    }
    interrupted.wait()
    cardEnd.stop()
    try log?.close()
  }

  private func endpoint() throws -> (String, UInt16) {
    let parts = vpcd.split(separator: ":", omittingEmptySubsequences: false)
    guard parts.count == 2, !parts[0].isEmpty, let port = UInt16(parts[1]), port > 0 else {
      throw Failure("--vpcd takes HOST:PORT, as in 127.0.0.1:35963, not \"\(vpcd)\"")
    }
    return (String(parts[0]), port)
  }
}
