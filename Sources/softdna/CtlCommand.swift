import ArgumentParser
import Foundation

/// `softdna ctl`.
struct CtlCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "ctl",
    abstract: "Act on a token that is plugged in: insert, remove, press its button.",
    discussion: """
      The token is one that `softdna up` or `softdna exec` holds. Other programs may talk to \
      control.sock in the state directory themselves: JSON lines, {"do": "press"}.
      """)

  @OptionGroup var state: StateOption
  @Argument(help: "insert, remove or press.") var action: Action

  enum Action: String, CaseIterable, ExpressibleByArgument {
    case insert
    case remove
    case press
  }

  func run() throws {
    let request = "{\"do\": \"\(action.rawValue)\"}"
    let answer = try ControlSocket.ask(request, at: state.directory.controlSocket)
    struct Answer: Decodable {
      let ok: Bool
      let error: String?
    }
    let decoded = try failing { try JSONDecoder().decode(Answer.self, from: Data(answer.utf8)) }
    guard decoded.ok else { throw Failure(decoded.error ?? "refused", status: 1) }
  }
}
