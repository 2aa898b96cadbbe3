import Testing

@Suite("softdna up", .runs())
struct UpTests {
  @Test("names host and port where nothing listens")
  func nothingListens() async throws {
    let token = try await TestToken()
    let port = try WebServer.freePort()
    let outcome = try await Softdna.run(
      ["up", "--state", token.state, "--vpcd", "127.0.0.1:\(port)"], in: token.folder)
    #expect(outcome.status == 2, "\(outcome)")
    #expect(outcome.errors.contains("127.0.0.1:\(port)"), "\(outcome)")
    #expect(outcome.errors.contains("Connection refused"), "\(outcome)")
  }

  @Test(
    "wants HOST:PORT", arguments: ["localhost", "localhost:", ":35963", "localhost:0", "a:b:1"])
  func endpoint(text: String) async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      ["up", "--state", token.state, "--vpcd", text], in: token.folder)
    #expect(outcome.status == 2 && outcome.errors.contains("HOST:PORT"), "\(outcome)")
  }

  @Test("wants a token")
  func noToken() async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Softdna.run(["up", "--state", "none"], in: folder)
    #expect(outcome.status == 2 && outcome.errors.contains("there is no token"), "\(outcome)")
  }

  /// A world's vpcd has a second slot, empty; its configuration tells the port.
  private static let guest = """
    port=$(sed -n 's/^CHANNELID *//p' softdna-*/reader.conf)
    mkfifo lines
    "$SOFTDNA" up --state guest --vpcd 127.0.0.1:$((port + 1)) < lines 2> log &
    up=$!
    exec 3> lines
    wait_for() {
      for attempt in $(seq 200); do
        opensc-tool -l | grep -q "^1 *$1 " && return
        sleep 0.05
      done
      cat log >&2
      return 1
    }
    wait_for Yes

    """

  private func exec(_ script: String) async throws -> (Outcome, TestToken) {
    let token = try await TestToken()
    let issued = try await Softdna.run(
      ["issue", "--state", "guest", "--seed", "2", "--chip", "jsign3"], in: token.folder)
    #expect(issued.status == 0, "\(issued)")
    return (try await token.succeed(Self.guest + script), token)
  }

  @Test(
    "plugs the token in; lines on standard input take it out and put it back",
    .runsInAWorld(.opensc))
  func plugIn() async throws {
    let (outcome, _) = try await exec(
      """
      opensc-tool -r 1 -n -a
      pin=$(sed -n 's/.*"pinCNS" : "\\([0-9]*\\)".*/\\1/p' guest/scratch-card.json)
      pkcs15-tool -r 1 --verify-pin --auth-id 01 --pin "$pin"
      echo remove >&3
      wait_for No
      echo insert >&3
      wait_for Yes
      opensc-tool -r 1 -n
      echo quit >&3
      wait $up
      wait_for No
      """)
    #expect(
      outcome.output == "\(TestChip.jsign3.atr)\nCNS card\nCNS card\n", "\(outcome)")
  }

  @Test("ends in order on a signal", .runsInAWorld(.opensc), arguments: ["INT", "TERM", "HUP"])
  func signal(name: String) async throws {
    let (_, token) = try await exec("kill -\(name) $up; wait $up; wait_for No")
    let next = try await Softdna.run(
      ["apdu", "--state", "guest", "0084000008"], in: token.folder)
    #expect(next.status == 0, "\(next)")
  }
}
