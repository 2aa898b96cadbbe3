import Foundation
import Testing

@Suite(
  "A web server asks for a CNS",
  .runsInAWorld(.opensc, .openssl, .pkcs11Engine, .nginx, .curl))
struct MutualTLSTests {
  @Test("curl with the token's CNS certificate gets in, without a certificate it does not")
  func curl() async throws {
    let token = try await TestToken()
    try token.writeEngineConfiguration()
    let server = try WebServer(in: token.folder)
    let key = TestKey.cns
    let outcome = try await token.succeed(
      """
      \(server.start)
      \(server.curl)
      \(server.curl(with: key))
      """)
    let number = try await token.cardNumber()
    let answers = outcome.output.components(separatedBy: "HTTP ")
    try #require(answers.count == 3, "\(outcome)")
    #expect(answers[0].contains("No required SSL certificate was sent"), "\(outcome)")
    #expect(answers[1].hasPrefix("400\n"), "\(outcome)")
    #expect(answers[1].contains("welcome CN=PRVNSN80A41X999K/\(number)."), "\(outcome)")
    #expect(answers[1].contains("OU=TEST - NOT A REAL ISSUING ADMINISTRATION"), "\(outcome)")
    #expect(answers[2] == "200\n", "\(outcome)")
  }

  @Test("the signature certificate is not for logging in")
  func signatureCertificate() async throws {
    let token = try await TestToken()
    try token.writeEngineConfiguration()
    let server = try WebServer(in: token.folder)
    let key = TestKey.signature
    let outcome = try await token.succeed(
      """
      \(server.start)
      \(server.curl(with: key))
      """)
    #expect(outcome.output.contains("The SSL certificate error"), "\(outcome)")
    #expect(outcome.output.hasSuffix("HTTP 400\n"), "\(outcome)")
  }

  @Test("openssl s_client gets in over each version of TLS", arguments: ["-tls1_2", "-tls1_3"])
  func openssl(version: String) async throws {
    let token = try await TestToken()
    try token.writeEngineConfiguration()
    let server = try WebServer(in: token.folder)
    let key = TestKey.cns
    let outcome = try await token.succeed(
      """
      \(server.start)
      pkcs15-tool --read-certificate \(key.id) -o client.pem
      printf 'GET / HTTP/1.0\\r\\n\\r\\n' | OPENSSL_CONF=engine.cnf openssl s_client -quiet -ign_eof \
        \(version) -connect localhost:\(server.port) -CAfile server.pem -verify_return_error \
        -engine pkcs11 -cert client.pem -keyform engine -key "\(key.uri("private"))"
      """)
    #expect(outcome.output.hasPrefix("HTTP/1.1 200 OK\r\n"), "\(outcome)")
    #expect(outcome.output.contains("welcome CN=PRVNSN80A41X999K/"), "\(outcome)")
  }

  @Test(
    "a suspended certificate is turned away, and let in again after its reactivation",
    arguments: [WebServer.StatusCheck.lists, .ocsp])
  func suspension(check: WebServer.StatusCheck) async throws {
    let online = try await OnlineToken()
    let server = try WebServer(in: online.folder, checking: check)
    let key = TestKey.cns
    let outcome = try await online.online(
      """
      authority() { "$SOFTDNA" authority "$1" --state "$SOFTDNA_STATE" > /dev/null; }
      lists() {
        for name in root a-cns; do
          curl -sSf http://127.0.0.1:\(online.port)/crl/$name.crl | openssl crl -inform DER
        done > lists.pem
      }
      log_in() {
        lists
        (
          \(server.start)
          \(server.curl(with: key))
        )
      }
      log_in
      authority suspend
      log_in
      authority reactivate
      log_in
      """)
    let answers = outcome.output.components(separatedBy: "HTTP ")
    try #require(answers.count == 4, "\(outcome)")
    #expect(answers[0].hasPrefix("welcome CN=PRVNSN80A41X999K/"), "\(outcome)")
    #expect(answers[1].hasPrefix("200\n"), "\(outcome)")
    #expect(answers[1].contains("The SSL certificate error"), "\(outcome)")
    #expect(answers[2].hasPrefix("400\nwelcome CN=PRVNSN80A41X999K/"), "\(outcome)")
    #expect(answers[3] == "200\n", "\(outcome)")
    // Of the last log-in, in which nothing is to complain about.
    let log = try online.folder.text(of: "nginx.log")
    #expect(log.isEmpty, "\(log)")
  }
}
