import Foundation

/// nginx that lets in who has a certificate of the test CAs; for scripts in a world.
struct WebServer {
  /// How it learns that a certificate is no longer good.
  enum StatusCheck: String, CaseIterable {
    /// Not at all.
    case none = ""
    /// From the lists in the file `lists.pem`, which are there before it starts.
    case lists = "ssl_crl lists.pem;"
    /// From the responder that each certificate of the path names.
    case ocsp = "ssl_ocsp on;"
  }

  let port: UInt16

  /// Writes its configuration.
  init(in folder: TemporaryFolder, checking status: StatusCheck = .none) throws {
    port = try Self.freePort()
    let check = status.rawValue.replacingOccurrences(
      of: "lists.pem", with: folder.path("lists.pem"))
    try folder.write(
      """
      daemon off;
      master_process off;
      pid nginx.pid;
      error_log stderr warn;
      events {}
      http {
        access_log off;
        client_body_temp_path nginx-body;
        proxy_temp_path nginx-proxy;
        fastcgi_temp_path nginx-fastcgi;
        uwsgi_temp_path nginx-uwsgi;
        scgi_temp_path nginx-scgi;
        server {
          listen 127.0.0.1:\(port) ssl;
          ssl_protocols TLSv1.2 TLSv1.3;
          ssl_certificate \(folder.path("server.pem"));
          ssl_certificate_key \(folder.path("server.key"));
          ssl_client_certificate \(folder.path("state/ca/chain.pem"));
          ssl_verify_client on;
          ssl_verify_depth 2;
          \(check)
          location / { return 200 "welcome $ssl_client_s_dn\\n"; }
        }
      }

      """, to: "nginx.conf")
  }

  /// Makes its certificate and starts it; it ends with the script.
  var start: String {
    """
    openssl req -x509 -newkey rsa:2048 -nodes -days 2 -keyout server.key -out server.pem \
      -subj '/O=softdna TEST/OU=TEST - NOT A REAL SERVER/CN=localhost' \
      -addext 'subjectAltName=DNS:localhost' 2>/dev/null
    nginx -p "$PWD" -c "$PWD/nginx.conf" > nginx.log 2>&1 &
    server=$!
    trap 'kill $server; wait $server || :' EXIT
    until curl --silent --insecure --output /dev/null https://localhost:\(port)/; do
      kill -0 $server || { cat nginx.log >&2; exit 1; }
      sleep 0.05
    done
    """
  }

  /// curl to its only page; the status follows what it says.
  var curl: String {
    """
    curl --silent --show-error --cacert server.pem --write-out 'HTTP %{http_code}\\n' \
      https://localhost:\(port)/
    """
  }

  /// The same with a certificate and its key in the token, through the engine.
  func curl(with key: TestKey) -> String {
    """
    OPENSSL_CONF=engine.cnf \(curl) --engine pkcs11 \
      --cert-type ENG --cert "\(key.uri("cert"))" --key-type ENG --key "\(key.uri("private"))"
    """
  }

  /// A port nobody listens on, below those the kernel gives to clients.
  static func freePort() throws -> UInt16 {
    for _ in 0..<100 {
      let port = UInt16.random(in: 20_000..<32_000)
      let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
      defer { close(descriptor) }
      var address = sockaddr_in()
      address.sin_family = sa_family_t(AF_INET)
      address.sin_port = port.bigEndian
      address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
      let bound = withUnsafePointer(to: &address) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
      }
      if bound == 0 { return port }
    }
    throw CocoaError(.fileReadUnknown)
  }
}
