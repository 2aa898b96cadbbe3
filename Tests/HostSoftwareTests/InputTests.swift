import Foundation
import Testing

@Suite("Files that a user names", .runs())
struct InputTests {
  @Test(
    "are refused where they are devices, pipes without a writer, folders or far too large",
    arguments: ["/dev/zero", "pipe", ".", "giant", "/dev/full", "deep"])
  func kinds(file: String) async throws {
    let token = try await TestToken()
    let folder = token.folder
    try #require(mkfifo(folder.path("pipe"), 0o600) == 0)
    try folder.write("", to: "giant")
    truncate(folder.path("giant"), 1 << 40)
    try folder.write(String(repeating: "[", count: 500_000), to: "deep")
    for command in [
      ["authority", "adopt", "--state", token.state, file],
      ["issue", "--state", "other", "--holder", file],
      ["issue", "--state", "other", "--chamber", file],
      ["authority", "ocsp", "--state", token.state, "--request", file, "--response", "answer"],
    ] where !(file == "deep" && command[1] == "ocsp") {
      let start = ContinuousClock.now
      let outcome = try await Softdna.run(command, in: folder)
      #expect(outcome.status == 2 && outcome.errors.contains(file), "\(outcome)")
      #expect(start.duration(to: .now) < .seconds(30))
    }
    #expect(!folder.exists("other"))
  }

  @Test("may be pipes that come to an end")
  func pipes() async throws {
    let token = try await TestToken()
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-c",
        """
        mkfifo pipe; (sleep 0.3; cat /dev/null > pipe) &
        "$SOFTDNA" authority adopt --state state pipe
        """,
      ], environment: Softdna.environment(in: token.folder), folder: token.folder.path)
    #expect(outcome.status == 2 && outcome.errors.contains("pipe"), "\(outcome)")
  }

  @Test(
    "that belong to a token are refused where they are pipes",
    arguments: ["token.nv", "scratch-card.json"])
  func state(name: String) async throws {
    let token = try await TestToken()
    try FileManager.default.removeItem(atPath: token.state + "/" + name)
    try #require(mkfifo(token.state + "/" + name, 0o600) == 0)
    for command in [["inspect"], ["apdu", "0084000008"], ["authority", "renew"]] {
      let start = ContinuousClock.now
      let outcome = try await Softdna.run(
        command.prefix(command[0] == "authority" ? 2 : 1) + ["--state", token.state]
          + command.dropFirst(command[0] == "authority" ? 2 : 1), in: token.folder)
      #expect(outcome.status >= 0 && outcome.status <= 2, "\(outcome)")
      #expect(start.duration(to: .now) < .seconds(30))
    }
  }

  @Test("standard input without line ends fills no memory")
  func standardInput() async throws {
    let token = try await TestToken()
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-c",
        """
        ulimit -v 4000000
        "$SOFTDNA" apdu --state state < /dev/zero
        """,
      ], environment: Softdna.environment(in: token.folder), folder: token.folder.path)
    #expect(outcome.status == 2 && outcome.errors.contains("a line has more than"), "\(outcome)")
  }
}
