import Foundation

/// The time a token is plugged in: until a signal, or `quit` on standard input. Lines there are
/// requests of `softdna ctl` that need no more words.
struct TokenService {
  /// From here on signals end the service in order instead of the program.
  private let interrupted = Interruption()

  /// Serves standard input and the control socket until it is time to end.
  func run(_ token: ControlledToken) throws {
    let control = try ControlSocket(path: token.directory.controlSocket, token: token)
    defer { control.stop() }
    Thread.detachNewThread { [end = interrupted.end] in
      while let line = readLine() {
        let word = line.trimmingCharacters(in: .whitespaces)
        switch word {
        case "": break
        case "quit":
          end()
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
