import Foundation
import HostFiles

/// Answers of the control socket.
enum ControlAnswer {
  /// The answer to one line.
  static func answer(to line: Data, _ token: ControlledToken) -> JSONValue {
    guard let request = try? JSONDecoder().decode([String: JSONValue].self, from: line) else {
      return refusal(
        "usage", "not a request: a request is a JSON object in one line, as {\"do\": \"status\"}")
    }
    do {
      let result = try ControlVocabulary.perform(request, on: token)
      let answer: [String: JSONValue] = ["version": .number(ControlSocket.version), "ok": true]
      return .object(result == .null ? answer : answer.merging(["result": result]) { $1 })
    } catch let error as ControlError {
      return refusal(error.kind, error.description)
    } catch let failure as Failure {
      return refusal("refused", failure.message)
    } catch {
      let kind = Failure.isEnvironments(error) ? "environment" : "refused"
      return refusal(kind, SystemReason.sentence(of: error))
    }
  }

  static func refusal(_ kind: String, _ reason: String) -> JSONValue {
    [
      "version": .number(ControlSocket.version), "ok": false, "kind": .text(kind),
      "error": .text(reason),
    ]
  }
}

extension ControlSocket {
  /// How long an answer may take: the longest delay of a fault, and what restore waits for.
  private static let answerTime = Duration.seconds(120)

  /// Sends one request to the socket at `path`; answers its answer's line.
  static func ask(_ request: String, at path: String) throws -> String {
    let peer: Int32
    switch LocalAddress.connect(to: path) {
    case .success(let connected): peer = connected
    case .failure(let failure):
      throw Failure(
        "no token is plugged in at \(path) (\(SystemReason.text(failure.code)));"
          + " plug it in: softdna up, or softdna exec")
    }
    defer { close(peer) }
    var lines = ControlLines(descriptor: peer, limit: 1 << 20, patience: answerTime)
    _ = lines.send(request)
    shutdown(peer, Int32(SHUT_WR))
    do throws(ControlLines.Problem) {
      return String(decoding: try lines.next(within: answerTime) ?? [], as: UTF8.self)
    } catch {
      throw Failure("no answer from \(path)")
    }
  }
}
