import Foundation
import Testing

@Suite("softdna authority serve and clients that do not behave", .runs(.python, .curl))
struct ConnectionLimitTests {
  /// Runs a script of Python while a server answers that may have few files open.
  private func attack(_ script: String, descriptors: Int = 192) async throws -> Outcome {
    let port = try WebServer.freePort()
    let token = try await TestToken(.current, ["--authority-url", "http://127.0.0.1:\(port)"])
    let path = try #require(HostPackage.systemPython)
    try token.folder.write(Self.tools + "\n" + script + "\nprint('done')\n", to: "attack.py")
    let outcome = try await Program.run(
      "/bin/sh",
      [
        "-euc",
        """
        (ulimit -n \(descriptors); exec "$SOFTDNA" authority serve --state state 2> serve.log) &
        server=$!
        trap 'kill $server; wait $server || :' EXIT
        until curl --silent --fail --output /dev/null http://127.0.0.1:\(port)/crl/root.crl; do
          kill -0 $server || { cat serve.log >&2; exit 1; }
          sleep 0.05
        done
        "\(path)" attack.py \(port) $server
        """,
      ], environment: Softdna.environment(in: token.folder), folder: token.folder.path)
    #expect(outcome.status == 0 && outcome.output.hasSuffix("done\n"), "\(outcome)")
    return outcome
  }

  private static let tools = """
    import os, socket, sys, time
    port, server = int(sys.argv[1]), sys.argv[2]
    def connect(text=b'', limit=30):
      s = socket.create_connection(('127.0.0.1', port), limit)
      s.sendall(text)
      return s
    def rest(s):
      got = b''
      try:
        while True:
          piece = s.recv(65536)
          if not piece: return got
          got += piece
      except ConnectionResetError:
        return got
    GET = b'GET /crl/root.crl HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n'
    def status(text=GET, s=None):
      answer = rest(s or connect(text))
      return int(answer.split()[1]) if answer else 0
    def held(): return len(os.listdir('/proc/%s/fd' % server))
    """

  @Test("silent connections: 503 beyond the cap, never deaf, and all well when their time is over")
  func silent() async throws {
    _ = try await attack(
      """
      before = held()
      begun = time.monotonic()
      silent = [connect() for _ in range(150)]
      time.sleep(0.3)
      assert held() < 185, held()
      answers = [status() for _ in range(5)]
      assert answers == [503] * 5, answers
      # Nobody hangs up: the server does.
      while status() != 200:
        assert time.monotonic() - begun < 20
        time.sleep(0.2)
      assert time.monotonic() - begun > 5
      time.sleep(2)
      assert held() < before + 30, held()
      for s in silent: rest(s)
      assert status() == 200
      """)
  }

  @Test("3,200 silent connections at 1,024 descriptors: it answers each, and serves again")
  func flood() async throws {
    _ = try await attack(
      """
      import resource
      resource.setrlimit(resource.RLIMIT_NOFILE, (4000, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
      begun = time.monotonic()
      silent = []
      for _ in range(3200):
        s = socket.socket()
        s.setblocking(False)
        s.connect_ex(('127.0.0.1', port))
        silent.append(s)
      assert status() in (200, 503)
      while status() != 200:
        assert time.monotonic() - begun < 60
        time.sleep(0.2)
      """, descriptors: 1024)
  }

  @Test("a byte now and then renews nothing, neither in the header nor in the body")
  func slow() async throws {
    _ = try await attack(
      """
      for text in [b'GET /crl/root.crl HTTP/1.1\\r\\nHost: ', 
                   b'POST /ocsp HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: 5000\\r\\n\\r\\n']:
        s, begun, answer = connect(text), time.monotonic(), b''
        s.settimeout(0.5)
        while time.monotonic() - begun < 20:
          try:
            s.sendall(b'a')
            piece = s.recv(65536)
            answer += piece
            if not piece: break
          except socket.timeout: continue
          except (ConnectionResetError, BrokenPipeError): break
        assert 8 < time.monotonic() - begun < 15, time.monotonic() - begun
        assert (b' 408 ' in answer) == text.startswith(b'POST'), answer
      assert status() == 200
      """)
  }

  @Test("too large a body or header, two requests in one, half closed, HEAD, gone at once")
  func forms() async throws {
    _ = try await attack(
      """
      import email.parser
      post = b'POST /%s HTTP/1.1\\r\\nHost: x\\r\\nContent-Length: %d\\r\\n\\r\\n'
      for path in [b'ocsp', b'csc/v2/info']:
        assert status(post % (path, 70000) + b'a' * 70000) == 413, path
        assert status(post % (path, 10) + b'a' * 10) in (200, 400), path
      header = b'GET / HTTP/1.1\\r\\nHost: x\\r\\nX: ' + b'a' * 200000 + b'\\r\\n\\r\\n'
      assert status(header) == 431
      assert status(b'nonsense\\r\\n\\r\\n') == 400
      assert rest(connect(GET + GET)).count(b'HTTP/1.1 ') == 1
      half = connect(GET)
      half.shutdown(socket.SHUT_WR)
      assert status(s=half) == 200
      cut = connect(GET[:20])
      cut.shutdown(socket.SHUT_WR)
      begun = time.monotonic()
      rest(cut)
      assert time.monotonic() - begun < 12
      def head(method, path):
        answer = rest(connect(b'%s /%s HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n' % (method, path)))
        head, body = answer.split(b'\\r\\n\\r\\n', 1)
        first, fields = head.decode().split('\\r\\n', 1)
        return first, email.parser.Parser().parsestr(fields), body
      for path in [b'crl/a-cns.crl', b'crl/a-cns-delta.crl', b'ca/a-cns.cer', b'pds/en.pdf']:
        got, asked = head(b'GET', path), head(b'HEAD', path)
        assert got[0] == asked[0] == 'HTTP/1.1 200 OK', (path, got[0], asked[0])
        assert not asked[2] and int(asked[1]['content-length']) == len(got[2]), (path, asked)
        assert asked[1]['content-type'] == got[1]['content-type'], path
      for _ in range(2000):
        connect(GET[:30]).close()
      time.sleep(2)
      assert status() == 200
      """)
  }

  @Test("too few descriptors to serve with: said at the start, exit status 2")
  func tooFew() async throws {
    let port = try WebServer.freePort()
    let token = try await TestToken(.current, ["--authority-url", "http://127.0.0.1:\(port)"])
    let outcome = try await Program.run(
      "/bin/sh", ["-euc", "ulimit -n 64; exec \"$SOFTDNA\" authority serve --state state"],
      environment: Softdna.environment(in: token.folder), folder: token.folder.path)
    #expect(outcome.status == 2 && outcome.errors.contains("ulimit -n"), "\(outcome)")
  }
}
