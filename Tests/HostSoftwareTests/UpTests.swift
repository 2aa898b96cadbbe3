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
}
