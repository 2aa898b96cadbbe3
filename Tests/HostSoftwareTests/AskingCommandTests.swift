import Foundation
import Testing

@Suite("softdna asks the authority and changes nothing", .runs(.python, .curl, .openssl))
struct AskingCommandTests {
  @Test("on days before and after the history: the books stay, and an earlier deed is allowed")
  func commands() async throws {
    let policy = Softdna.repository + "/scenarios/policies/cuneo.yaml"
    let token = try await TestToken(.cosmoV9, ["--date", "2024-06-03", "--chamber", policy])
    let ca = token.folder.path("state/ca/a-qualified.pem")
    let serial = try await token.books.rows(
      "SELECT serialNumber FROM certificate WHERE issuer = 'a-qualified'")[0]
    _ = try await Program.run(
      "/usr/bin/env",
      ["openssl", "ocsp", "-issuer", ca, "-serial", "0x" + serial, "-reqout", "request.der"],
      folder: token.folder.path)
    let books = try await token.books.dump()
    for day in ["2020-01-01", "2024-06-03", "2025-12-31", "2026-01-02", "2040-01-01"] {
      for command in [
        ["show"], ["show", "--json"], ["notices"], ["requests"], ["crl", "--output", "lists"],
        ["ocsp", "--request", "request.der", "--response", "response.der"],
      ] {
        let outcome = try await Softdna.run(
          ["authority"] + command + ["--state", token.state, "--date", day], in: token.folder)
        #expect(outcome.status == 0, "\(outcome)")
      }
      #expect(try await token.books.dump() == books, "\(day)")
    }
    for command in [["inspect", "--state", token.state], ["doctor"]] {
      _ = try await Softdna.run(command, in: token.folder)
    }
    #expect(try await token.books.dump() == books)
    let done = try await Softdna.run(
      [
        "authority", "suspend", "--state", token.state, "--date", "2024-06-04", "--registrar",
        "TEST official",
      ], in: token.folder)
    #expect(done.status == 0, "\(done)")
    // What was so on a day before is told as it was.
    let shown = try await Softdna.run(
      ["authority", "show", "--state", token.state, "--date", "2024-06-03"], in: token.folder)
    #expect(
      shown.output.contains(", active on 2024-06-03; the history goes on to 2024-06-04"), "\(shown)"
    )
  }

  @Test("every URL of the server, by GET, HEAD and POST: the books stay")
  func server() async throws {
    let policy = Softdna.repository + "/scenarios/policies/cuneo.yaml"
    let online = try await OnlineToken(.cosmoV9, on: "2024-06-03", ["--chamber", policy])
    let books = try await online.token.books.dump()
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        "$SOFTDNA" authority serve --state state --date 2026-02-02 2> serve.log & server=$!
        trap 'kill $server; wait $server || :' EXIT
        url=http://127.0.0.1:\(online.port)
        until curl -sf -o /dev/null $url/crl/root.crl; do
          kill -0 $server || { cat serve.log >&2; exit 1; }
          sleep 0.05
        done
        for name in root a-cns a-qualified; do
          openssl ocsp -issuer state/ca/$name.pem -serial 0x1234 -no_nonce -reqout request.der 2> /dev/null
          curl -s -o /dev/null --data-binary @request.der $url/ocsp
          for path in crl/$name.crl crl/$name-delta.crl ca/$name.cer pds/it.pdf ocsp/AAAA x; do
            for method in GET HEAD POST PUT; do
              [ $method = HEAD ] && method="-I" || method="-X $method"
              curl -s -o /dev/null $method $url/$path
            done
          done
        done
        for path in info credentials/list credentials/info credentials/sendOTP \\
          credentials/authorize signatures/signHash; do
          curl -s -o /dev/null -H 'Authorization: Bearer guessed' \\
            -d '{"credentialID":"TEST-1"}' $url/csc/v2/$path
        done
        """,
      ], environment: Softdna.environment(in: online.folder), folder: online.folder.path)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(try await online.token.books.dump() == books)
  }

  @Test("books that are no database are the environment's fault, and no refusal")
  func broken() async throws {
    let token = try await TestToken()
    try token.folder.write(
      Data(repeating: 0x41, count: 20_000), to: "state/authority.sqlite")
    for command in [
      ["show"], ["notices"], ["crl"], ["run-day"], ["suspend", "--registrar", "TEST official"],
    ] {
      let outcome = try await Softdna.run(
        ["authority"] + command + ["--state", token.state], in: token.folder)
      #expect(outcome.status == 2 && outcome.errors.contains("authority.sqlite"), "\(outcome)")
    }
  }
}
