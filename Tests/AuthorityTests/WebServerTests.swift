import Foundation
import Testing

@testable import Authority

@Suite("nginx and curl see what the authority says")
struct WebServerTests {
  @Test("nginx with the CRL refuses a suspended CNS certificate and takes it back afterwards")
  func nginx() async throws {
    try await OnlineAuthority.run(from: Day(Date())) { online in
      let authority = online.authority
      // The web server lives in the real time: so does the authority here.
      online.clock.move(to: Date())
      let device = try Fixture.issue(authority)
      let official = Requester.registrar("TEST official")
      let certificate = try #require(try authority.certificates(of: device).first)
      let pem = try online.workplace.write(PEM.certificate(certificate.der), "client.pem")
      let key = try online.workplace.write(try Fixture.cardKey("first cns").pem, "client.key")
      _ = try await command([
        "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
        "-addext", "subjectAltName=DNS:localhost", "-days", "2", "-keyout",
        online.workplace.file("server.key"), "-out", online.workplace.file("server.pem"),
      ])
      let port = try OnlineAuthority.freePort()
      func answer() async throws -> String {
        var lists = ""
        for name in ["root", certificate.issuer] {
          let list = try await online.download("/crl/\(name).crl", to: "\(name).crl")
          lists += try await command(["openssl", "crl", "-inform", "DER", "-in", list]).output
        }
        let listFile = try online.workplace.write(Array(lists.utf8), "lists.pem")
        let configuration = try online.workplace.write(
          Array(
            """
            daemon off; master_process off;
            pid \(online.workplace.file("nginx.pid")); error_log stderr crit;
            events {}
            http {
              access_log off;
              client_body_temp_path \(online.workplace.file("body"));
              proxy_temp_path \(online.workplace.file("proxy"));
              fastcgi_temp_path \(online.workplace.file("fastcgi"));
              uwsgi_temp_path \(online.workplace.file("uwsgi"));
              scgi_temp_path \(online.workplace.file("scgi"));
              server {
                listen 127.0.0.1:\(port) ssl;
                ssl_certificate \(online.workplace.file("server.pem"));
                ssl_certificate_key \(online.workplace.file("server.key"));
                ssl_client_certificate \(authority.chainFile);
                ssl_verify_client on; ssl_verify_depth 2; ssl_crl \(listFile);
                location / { return 200 "$ssl_client_verify"; }
              }
            }
            """.utf8), "nginx.conf")
        // One shell starts the server, asks it and ends it, whatever the answer.
        let ask = """
          PATH=$PATH:/usr/sbin; nginx -p '\(online.workplace.path)' -c '\(configuration)' & server=$!
          curl -sS --max-time 10 --retry 50 --retry-delay 0 --retry-connrefused \
            --retry-max-time 10 --cacert '\(online.workplace.file("server.pem"))' \
            --cert '\(pem)' --key '\(key)' https://localhost:\(port)/
          kill -9 $server
          """
        return try await command(["sh", "-c", ask]).output
      }
      #expect(try await answer().contains("SUCCESS"))
      online.clock.advance(seconds: 1)
      try authority.suspend(device, by: official)
      let refused = try await answer()
      #expect(refused.contains("400") && !refused.contains("SUCCESS"), "\(refused)")
      online.clock.move(to: Date())
      try authority.reactivate(device, by: official)
      #expect(try await answer().contains("SUCCESS"))
    }
  }
}
