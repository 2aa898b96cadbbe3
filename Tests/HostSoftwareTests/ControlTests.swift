import Foundation
import Testing

@Suite("softdna ctl and its socket", .runsInAWorld(.opensc, .pyscard))
struct ControlTests {
  private static let page = Softdna.repository + "/docs/user/control.md"

  /// Runs `body` while the token is plugged in and a program is connected to it: pcscd takes power
  /// away from a card that nobody has used for some seconds.
  private func plugged(
    _ token: TestToken, _ body: @escaping @Sendable () async throws -> Void
  ) async throws {
    try token.folder.write(
      """
      import os, time
      from smartcard.System import readers
      reader = [r for r in readers() if str(r) == os.environ["SOFTDNA_READER"]][0]
      connection = reader.createConnection()
      connection.connect()
      open("up", "w").close()
      while os.path.exists("up"): time.sleep(0.02)
      """, to: "connected.py")
    let python = try #require(HostPackage.systemPython)
    let outcome = try await token.exec("\(python) connected.py") { _ in
      try await token.folder.wait(for: "up")
      defer { try? FileManager.default.removeItem(atPath: token.folder.path("up")) }
      try await body()
    }
    #expect(outcome.status == 0, "\(outcome)")
  }

  /// What the page shows of the protocol.
  private static func lines() throws -> [String] {
    try String(contentsOfFile: page, encoding: .utf8).components(separatedBy: "```text\n")
      .dropFirst().compactMap { $0.components(separatedBy: "```").first }
      .flatMap { $0.split(separator: "\n").map(String.init) }
  }

  private static func json(_ text: String) throws -> NSObject? {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? NSObject
  }

  /// Where the page says …, anything may stand.
  private static func matches(_ found: Any?, _ written: Any?) -> Bool {
    switch (found, written) {
    case (.some, let text as String) where text == "…": true
    case (let found as [String: Any], let written as [String: Any]):
      found.count == written.count
        && written.allSatisfy { matches(found[$0.key], $0.value) }
    case (let found as [Any], let written as [Any]):
      found.count == written.count && zip(found, written).allSatisfy { matches($0, $1) }
    case (let found as NSObject, let written as NSObject): found == written
    default: false
    }
  }

  @Test("answer every message of docs/user/control.md as the page says; the page has them all")
  func protocolPage() async throws {
    let token = try await TestToken()
    let lines = try Self.lines()
    #expect(lines.count > 60 && lines.count.isMultiple(of: 2))
    try await plugged(token) {
      let client = try ControlClient(token.state + "/control.sock")
      for index in stride(from: 0, to: lines.count, by: 2) {
        #expect(lines[index].hasPrefix("→ ") && lines[index + 1].hasPrefix("← "))
        let answer = try #require(client.ask(String(lines[index].dropFirst(2))), "\(lines[index])")
        #expect(
          Self.matches(try Self.json(answer), try Self.json(String(lines[index + 1].dropFirst(2)))),
          "\(lines[index])\n\(answer)\n\(lines[index + 1])")
      }
      let unknown = try #require(client.ask(#"{"do":"????????????????"}"#))
      let list = try #require(
        unknown.components(separatedBy: "known: ").last?.prefix { $0 != "\"" })
      let requests = list.components(separatedBy: ", ")
      #expect(requests.count >= 14)
      for request in requests {
        #expect(lines.contains { $0.contains("\"do\":\"\(request)\"") }, "\(request)")
      }
    }
  }

  @Test("serve several callers at once, in order, and outlive bad ones")
  func callers() async throws {
    let token = try await TestToken()
    try await plugged(token) {
      let path = token.state + "/control.sock"
      let first = try ControlClient(path)
      let second = try ControlClient(path)
      // Half a request, then two at once, on the other connection.
      first.send("{\"do\":")
      second.send("{\"do\":\"press\"}\n{\"do\":\"nothing\"}\n")
      #expect(second.receive() == #"{"ok":true,"version":1}"#)
      #expect(second.receive()?.contains("unknown request") == true)
      first.send("\"press\"}\n")
      #expect(first.receive() == #"{"ok":true,"version":1}"#)
      // A caller that asks and goes away without listening.
      for _ in 0..<20 {
        let rude = try ControlClient(path)
        rude.send(String(repeating: "{\"do\":\"status\"}\n", count: 50))
      }
      let endless = try ControlClient(path)
      endless.send(String(repeating: "x", count: 70_000))
      #expect(endless.receive()?.contains("less than 65536 bytes") == true)
      #expect(endless.receive() == nil)
      #expect(second.ask(#"{"do":"tries"}"#)?.contains("\"ok\":true") == true)
      let status = try FileManager.default.attributesOfItem(atPath: path)
      #expect(status[.posixPermissions] as? Int == 0o600)
    }
    #expect(!token.folder.exists("state/control.sock"))
  }

  @Test("name the nearest request; say what was refused, and end with 1 or 2")
  func words() async throws {
    let outcome = try await TestToken().succeed(
      """
      PATH="$(dirname "$SOFTDNA"):$PATH"
      status() { "$@" 2>>log || echo "$?"; }
      status softdna ctl snapshott
      status softdna ctl restore nothing
      status softdna ctl fault --answer 9
      status softdna ctl fault --drop --delay 3
      status softdna ctl press --state /nowhere
      status softdna ctl --state "$SOFTDNA_STATE" press
      unset SOFTDNA_SOCKET
      status softdna ctl press
      cat log
      """)
    #expect(outcome.output.hasPrefix("2\n1\n2\n2\n2\n2\n"), "\(outcome)")
    for words in [
      "did you mean \"snapshot\"?", "there is no snapshot \"nothing\"",
      "\"answer\" is \"9\", not a status word of four hexadecimal digits",
      "no token is plugged in at /nowhere/control.sock", "name the token: --state DIR",
    ] {
      #expect(outcome.output.contains(words), "\(words)\n\(outcome)")
    }
  }

  @Test("keep the token over remove, restore and a volatile run", arguments: ["", "--volatile"])
  func snapshots(option: String) async throws {
    let token = try await TestToken()
    let before = try token.folder.bytes(of: "state/token.nv")
    let outcome = try await Softdna.run(
      ["exec", "--state", token.state] + (option.isEmpty ? [] : [option]) + [
        "--", "sh", "-euc",
        """
        PATH="$(dirname "$SOFTDNA"):$PATH"
        query() { opensc-tool -s 00200010 | grep -o 'SW2=0x..'; }
        softdna ctl snapshot fresh
        for pin in 1 2 3; do opensc-tool -s 00200010083030303030303030 >/dev/null; done
        query
        softdna ctl restore fresh
        query
        pkcs15-tool --verify-pin --auth-id 01 --pin "$SOFTDNA_PIN"
        opensc-tool -s 00200010083030303030303030 >/dev/null
        softdna ctl restore fresh --in-place
        query
        softdna ctl remove
        ! opensc-tool -r "$SOFTDNA_READER" -n 2>/dev/null || exit 1
        softdna ctl insert
        query
        printf damage | dd of="$SOFTDNA_STATE/snapshots/fresh.nv" bs=1 seek=64 conv=notrunc 2>/dev/null
        ! softdna ctl restore fresh || exit 1
        query
        """,
      ], in: token.folder)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(
      outcome.output == "SW2=0x83\nSW2=0xC3\nSW2=0xC3\nSW2=0xC3\nSW2=0xC3\n", "\(outcome)")
    #expect(outcome.errors.contains("damaged"), "\(outcome)")
    if !option.isEmpty { #expect(try token.folder.bytes(of: "state/token.nv") == before) }
    let check = try await Softdna.run(
      ["inspect", "--state", token.state, "--check"], in: token.folder)
    #expect(check.status == 0, "\(check)")
  }

  @Test("lose nothing where restore is killed")
  func killed() async throws {
    let token = try await TestToken()
    try await token.succeed(
      """
      PATH="$(dirname "$SOFTDNA"):$PATH"
      softdna ctl snapshot three
      opensc-tool -s 00200010083030303030303030
      softdna ctl snapshot two
      """)
    for round in 1...4 {
      let outcome = try await token.exec(
        """
        PATH="$(dirname "$SOFTDNA"):$PATH"
        # Whoever is being served when the token's owner is killed gets no answer.
        (sleep 0.\(round)3; kill -KILL $PPID) &
        while softdna ctl restore three --in-place && softdna ctl restore two --in-place; do :; done
        """)
      #expect(outcome.status == -9, "\(outcome)")
      let next = try await Softdna.run(
        ["apdu", "--state", token.state, "--json", "00200010"], in: token.folder)
      #expect(next.output.contains("63C3") || next.output.contains("63C2"), "\(next)")
    }
  }

  @Test("move the date of exec --date for that run alone", .runsInAWorld(.faketime))
  func runDate() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      [
        "exec", "--state", token.state, "--date", "2031-12-30", "--", "sh", "-euc",
        """
        PATH="$(dirname "$SOFTDNA"):$PATH"
        date +%F
        softdna ctl advance-clock --days 3 --json | grep -o '"seen-by":[^}]*'
        date +%F
        # softdna itself is not told twice.
        softdna authority run-day --state "$SOFTDNA_STATE" | head -1
        softdna ctl advance-clock --to 2031-12-31 || echo "$?"
        """,
      ], in: token.folder)
    #expect(
      outcome.output
        == "2031-12-30\n\"seen-by\":[\"command\"]\n2032-01-02\n2032-01-02\n1\n", "\(outcome)")
    let names = try FileManager.default.contentsOfDirectory(atPath: token.state)
    #expect(!names.contains { $0.hasPrefix("clock") }, "\(names)")
  }

  @Test("move the date of softdna itself where that is the command", .runsInAWorld(.faketime))
  func ownDate() async throws {
    let token = try await TestToken()
    let outcome = try await Softdna.run(
      [
        "exec", "--state", token.state, "--date", "2031-12-30", "--",
        Softdna.executable, "authority", "run-day", "--state", token.state,
      ], in: token.folder)
    #expect(outcome.status == 0 && outcome.output.hasPrefix("2031-12-30"), "\(outcome)")
  }

  @Test("move the date of the state directory until it is put back", .runsInAWorld(.faketime))
  func stateDate() async throws {
    let token = try await TestToken()
    try await token.succeed(#""$SOFTDNA" ctl advance-clock --years 2"#)
    // From here on the command lives on it too.
    let outcome = try await token.succeed(
      #"""
      date +%Y
      "$SOFTDNA" authority run-day --state "$SOFTDNA_STATE" | cut -c -4
      "$SOFTDNA" ctl advance-clock --reset >/dev/null
      date +%Y
      """#)
    let year = Calendar(identifier: .gregorian).component(.year, from: Date())
    #expect(outcome.output == "\(year + 2)\n\(year + 2)\n\(year)\n", "\(outcome)")
  }
}
