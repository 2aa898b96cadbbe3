import Foundation
import Testing

@Suite("The control socket, used by others", .runsInAWorld())
struct ControlAttackTests {
  private func served(
    _ token: TestToken, _ body: @escaping @Sendable (String) async throws -> Void
  ) async throws {
    let outcome = try await token.exec("touch up; while [ -e up ]; do sleep 0.05; done") { _ in
      try await token.folder.wait(for: "up")
      defer { try? FileManager.default.removeItem(atPath: token.folder.path("up")) }
      try await body(token.state + "/control.sock")
    }
    #expect(outcome.status == 0, "\(outcome)")
  }

  @Test("refuses each member that is not what it should be")
  func members() async throws {
    let token = try await TestToken()
    try await served(token) { path in
      let client = try ControlClient(path)
      for request in [
        #"{"do":"press","version":"x"}"#, #"{"do":"press","version":null}"#,
        #"{"do":"press","version":0}"#, #"{"do":"press","version":-1}"#,
        #"{"do":"press","version":[1]}"#, #"{"do":"press","version":true}"#,
        #"{"version":"x"}"#, #"{"do":null}"#, #"{"do":["press"]}"#, #"{"do":1}"#, #"{}"#, #"[]"#,
        #"{"do":"press","x":null}"#, #"{"do":"press","x":1}"#, #"{"do":"Press"}"#,
        #"{"do":"restore","name":"x","in-place":1}"#, #"{"do":"restore","name":7}"#,
        #"{"do":"fault","delay":1.5}"#, #"{"do":"fault","delay":1e400}"#,
        #"{"do":"fault","delay":99999999999999999999}"#, #"{"do":"fault","drop":"yes"}"#,
        #"{"do":"clear-faults","number":0}"#, "{", "null", "\u{0}", #"{"do":"press"}{}"#,
        String(repeating: "[", count: 60_000),
        #"{"do":"press","x":"# + String(repeating: "[", count: 400)
          + String(repeating: "]", count: 400) + "}",
        String(repeating: #"{"x":"#, count: 10_000),
      ] {
        let answer = client.ask(request)
        #expect(
          answer?.contains("\"kind\":\"usage\"") == true,
          "\(request.prefix(80)): \(answer?.prefix(200) ?? "closed")")
      }
      #expect(client.ask(#"{"do":"press","version":1}"#) == #"{"ok":true,"version":1}"#)
    }
  }

  @Test("serves its owner beside callers that are many, silent, slow or gone, and without effort")
  func crowd() async throws {
    let token = try await TestToken()
    try await served(token) { path in
      let silent = try (0..<100).map { _ in try ControlClient(path) }
      let slow = try (0..<20).map { _ in try ControlClient(path) }
      for client in slow { client.send("{\"do\":") }
      let cut = try ControlClient(path)
      cut.send("{\"do\":\"press\"}")
      cut.endSending()
      #expect(cut.receive()?.contains("the connection ended before") == true)
      #expect(cut.receive() == nil)
      let exact = try ControlClient(path)
      #expect(
        exact.ask(String(repeating: "x", count: 65_535))?.contains("not a request") == true)
      #expect(
        exact.ask(String(repeating: "x", count: 65_536))?.contains("less than 65536") == true)
      #expect(exact.receive() == nil)
      // Broken at once, at each point.
      for text in ["", "{", "{\"do\":\"status\"}\n"] {
        for _ in 0..<30 { try ControlClient(path).send(text) }
      }
      let before = try Self.processorTime(of: path)
      try await Task.sleep(for: .seconds(2))
      #expect(try Self.processorTime(of: path) - before < 0.5)
      let owner = try ControlClient(path)
      #expect(owner.ask(#"{"do":"press"}"#) == #"{"ok":true,"version":1}"#)
      // Those that never end their line are told, and closed.
      #expect(slow[0].receive()?.contains("within 10 s") == true)
      #expect(slow[0].receive() == nil)
      withExtendedLifetime(silent) {}
    }
  }

  /// Seconds of the softdna that serves this socket's folder.
  private static func processorTime(of path: String) throws -> Double {
    let folder = (path as NSString).deletingLastPathComponent
    let names = try FileManager.default.contentsOfDirectory(atPath: "/proc")
    let owner = try #require(
      names.first { name in
        guard Int(name) != nil,
          let line = FileManager.default.contents(atPath: "/proc/\(name)/cmdline")
        else { return false }
        let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        return words.first == Softdna.executable && words.contains(folder)
      })
    let text = try String(contentsOfFile: "/proc/\(owner)/stat", encoding: .utf8)
    let fields = text.components(separatedBy: ") ").last?.split(separator: " ") ?? []
    return (Double(fields[11]) ?? 0) / 100 + (Double(fields[12]) ?? 0) / 100
  }

  @Test("is each process's own, and removed by nobody else")
  func several() async throws {
    let token = try await TestToken()
    let folder = token.folder
    // Left by a process that was killed.
    try await Self.leaveSocket(at: token.state + "/control.sock")
    try await Self.leaveSocket(at: token.state + "/control.sock.1-left")
    let script = """
      PATH="$(dirname "$SOFTDNA"):$PATH"
      echo "$SOFTDNA_SOCKET" > "socket.$0"
      softdna ctl snapshot "mine$0" && softdna ctl fault --delay "$0" >/dev/null
      until [ -e go ]; do sleep 0.02; done
      sleep 0.$0
      softdna ctl faults --json | grep -o '"delay":[0-9]*'
      """
    try await withThrowingTaskGroup(of: Outcome.self) { group in
      for number in 1...4 {
        group.addTask {
          try await Softdna.run(
            [
              "exec", "--volatile", "--state", token.state, "--", "sh", "-euc", script,
              String(number),
            ], in: folder)
        }
      }
      for number in 1...4 { try await folder.wait(for: "socket.\(number)") }
      try await Task.sleep(for: .milliseconds(300))
      try folder.write("", to: "go")
      var delays: Set<String> = []
      for try await outcome in group {
        #expect(outcome.status == 0, "\(outcome)")
        delays.formUnion(outcome.output.split(separator: "\n").map(String.init))
      }
      #expect(delays == ["\"delay\":1", "\"delay\":2", "\"delay\":3", "\"delay\":4"])
    }
    let sockets = try (1...4).map { try folder.text(of: "socket.\($0)") }
    #expect(Set(sockets).count == 4, "\(sockets)")
    let names = try FileManager.default.contentsOfDirectory(atPath: token.state)
    #expect(!names.contains { $0.hasPrefix("control.sock") }, "\(names)")
  }

  private static func leaveSocket(at path: String) async throws {
    let python = try #require(HostPackage.systemPython)
    let outcome = try await Program.run(
      python, ["-c", "import socket, sys; socket.socket(socket.AF_UNIX).bind(sys.argv[1])", path])
    try #require(outcome.status == 0, "\(outcome)")
  }

  @Test("says what is in the reader, also where it is another's card")
  func foreignCard() async throws {
    let token = try await TestToken()
    let issued = try await Softdna.run(
      ["issue", "--state", "guest", "--seed", "2"], in: token.folder)
    #expect(issued.status == 0, "\(issued)")
    let outcome = try await token.succeed(
      """
      PATH="$(dirname "$SOFTDNA"):$PATH"
      tell() { softdna ctl status --json | grep -o '"present":[a-z]*,"reader":"[^"]*"'; }
      tell
      softdna ctl remove
      tell
      port=$(sed -n 's/^CHANNELID *//p' softdna-*/reader.conf)
      "$SOFTDNA" up --state guest --vpcd "127.0.0.1:$port" >guest.log 2>&1 </dev/null &
      for attempt in $(seq 100); do
        tell | grep -q another && break
        sleep 0.1
      done
      tell
      ! softdna ctl insert || exit 1
      tell
      kill $!
      for attempt in $(seq 100); do
        tell | grep -q token && break
        sleep 0.1
      done
      tell
      """)
    #expect(
      outcome.output == """
        "present":true,"reader":"token"
        "present":false,"reader":"no card"
        "present":false,"reader":"another card"
        "present":false,"reader":"another card"
        "present":true,"reader":"token"

        """, "\(outcome)")
  }
}
