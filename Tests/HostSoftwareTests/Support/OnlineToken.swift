import Foundation
import Testing

/// A token and its authority's server, at a port of this test's own, on days of the test's choice.
struct OnlineToken: Sendable {
  let token: TestToken
  let port: UInt16
  var folder: TemporaryFolder { token.folder }

  /// Issues it on a day; today where none is named.
  init(_ chip: TestChip = .current, on day: String? = nil, _ further: [String] = []) async throws {
    port = try WebServer.freePort()
    let date = day.map { ["--date", $0] } ?? []
    token = try await TestToken(
      chip, ["--authority-url", "http://127.0.0.1:\(port)"] + date + further)
    try token.writeEngineConfiguration()
  }

  /// A subcommand of `softdna authority`.
  func authority(_ command: String, on day: String? = nil, _ arguments: String...) async throws
    -> Outcome
  {
    try await Softdna.run(
      ["authority", command, "--state", token.state] + (day.map { ["--date", $0] } ?? [])
        + arguments, in: folder)
  }

  /// As `authority`, where it must be done.
  func succeed(_ command: String, on day: String? = nil, _ arguments: String...) async throws {
    let outcome = try await Softdna.run(
      ["authority", command, "--state", token.state] + (day.map { ["--date", $0] } ?? [])
        + arguments, in: folder)
    try #require(outcome.status == 0, "\(outcome)")
  }

  /// Runs a script in a world with the token, on a day, while the authority's server answers.
  func online(_ script: String, on day: String? = nil) async throws -> Outcome {
    let date = day.map { ["--date", $0] } ?? []
    let outcome = try await Softdna.run(
      ["exec", "--state", token.state] + date + [
        "--", "sh", "-euc", serve(date) + "\n" + script,
      ], in: folder)
    try #require(outcome.status == 0, "\(outcome)")
    return outcome
  }

  /// Starts the server, which ends with the script.
  private func serve(_ date: [String]) -> String {
    """
    env -u LD_PRELOAD "$SOFTDNA" authority serve --state "$SOFTDNA_STATE" \
      \(date.joined(separator: " ")) 2> serve.log &
    authority=$!
    trap 'kill $authority; wait $authority || :' EXIT
    until curl --silent --fail --output /dev/null http://127.0.0.1:\(port)/crl/root.crl; do
      kill -0 $authority || { cat serve.log >&2; exit 1; }
      sleep 0.05
    done
    """
  }
}
