import Foundation
import HostFiles

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
      var lines = InputLines(descriptor: STDIN_FILENO, atMost: 4096)
      while let line = Self.nextLine(of: &lines) {
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

  /// The next line; nil at the end of the input, and where it is no text that people type.
  private static func nextLine(of lines: inout InputLines) -> String? {
    do throws(InputFile.Problem) { return try lines.next() } catch {
      Console.note("softdna: \(error)")
      return nil
    }
  }
}
