import Foundation

/// The time a token is plugged in: until a signal, or `quit` on standard input. Lines there are
/// requests of `softdna ctl` that need no more words.
struct TokenService {
  private let interrupted = DispatchSemaphore(value: 0)
  private let sources: [any DispatchSourceSignal]

  /// From here on signals end the service in order instead of the program.
  init() {
    sources = [SIGINT, SIGTERM, SIGHUP].map { [interrupted] number in
      signal(number, SIG_IGN)
      let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
      source.setEventHandler { interrupted.signal() }
      source.resume()
      return source
    }
  }

  /// Serves standard input and the control socket until it is time to end.
  func run(_ token: ControlledToken) throws {
    defer { for source in sources { source.cancel() } }
    let control = try ControlSocket(path: token.directory.controlSocket, token: token)
    defer { control.stop() }
    Thread.detachNewThread { [interrupted] in
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
  }
}
