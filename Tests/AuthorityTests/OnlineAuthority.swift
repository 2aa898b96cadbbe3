import Foundation
import StatusServer
import Testing

@testable import Authority

/// An authority whose server runs on a free loopback port, its clock in the test's hand; outside
/// programs are started at that clock's time.
struct OnlineAuthority {
  let workplace: Workplace
  let authority: Authority
  let clock: MovableClock

  /// Runs `body` while the server answers.
  static func run(
    from day: Day, _ body: @Sendable (OnlineAuthority) async throws -> Void
  ) async throws {
    let workplace = try Workplace()
    let clock = MovableClock(day.start.addingTimeInterval(36_000))
    let authority = try Authority(
      directory: workplace.path,
      settings: .init(seed: 1, baseURL: "http://127.0.0.1:\(try freePort())"),
      clock: .moved(by: clock))
    let server = try StatusServer(authority)
    let (ready, continuation) = AsyncStream.makeStream(of: Void.self)
    try await withThrowingTaskGroup(of: Void.self) { group in
      group.addTask {
        defer { continuation.finish() }
        try await server.run(onReady: { continuation.yield() })
      }
      for await _ in ready { break }
      try await body(
        OnlineAuthority(workplace: workplace, authority: authority, clock: clock))
      group.cancelAll()
    }
  }

  static func freePort() throws -> UInt16 {
    let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(descriptor) }
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = inet_addr("127.0.0.1")
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let status = withUnsafeMutablePointer(to: &address) { pointer in
      pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
      }
    }
    try #require(status == 0)
    return UInt16(bigEndian: address.sin_port)
  }

  // MARK: Outside programs

  /// `openssl` with the system's clock at the authority's time.
  func openssl(_ arguments: String...) async throws -> (status: Int32, output: String) {
    let time = try HostClock(at: clock.now).environment.map { "\($0)=\($1)" }
    return try await command(time + ["openssl"] + arguments)
  }

  /// Gets a URL of the server into a file.
  func download(_ path: String, to name: String) async throws -> String {
    let file = workplace.file(name)
    let got = try await command(["curl", "-sSf", "-o", file, authority.baseURL + path])
    try #require(got.status == 0, "\(got.output)")
    return file
  }

  // MARK: What the outside says of a certificate

  /// What two oracles say.
  struct Verdict: Equatable, CustomStringConvertible {
    /// What `openssl verify -crl_check_all` says with the server's lists.
    let path: String
    /// What `openssl ocsp` says of the server's answer.
    let status: String

    var description: String { "\(path) / \(status)" }

    static let good = Verdict(path: "OK", status: "good")
    static let held = revoked("certificateHold")
    static func revoked(_ reason: String) -> Verdict {
      Verdict(path: "certificate revoked", status: "revoked, \(reason)")
    }
  }

  func verdict(on certificate: IssuedCertificate) async throws -> Verdict {
    let file = try workplace.write(PEM.certificate(certificate.der), "subject.pem")
    let issuer = workplace.file("issuer.pem")
    _ = try await openssl(
      "x509", "-inform", "DER", "-in",
      try await download("/ca/\(certificate.issuer).cer", to: "issuer.cer"), "-out", issuer)
    let root = workplace.file("ca/root.pem")
    var lists = ""
    for name in ["root", certificate.issuer] {
      let list = try await download("/crl/\(name).crl", to: "\(name).crl")
      lists += try await openssl("crl", "-inform", "DER", "-in", list).output
    }
    let listFile = try workplace.write(Array(lists.utf8), "lists.pem")
    let verified = try await openssl(
      "verify", "-crl_check_all", "-x509_strict", "-policy_check", "-CAfile", root, "-untrusted",
      issuer, "-CRLfile", listFile, file)
    let path =
      verified.status == 0
      ? "OK"
      : verified.output.components(separatedBy: "lookup: ").last?
        .components(separatedBy: "\n").first ?? ""
    let asked = try await openssl(
      "ocsp", "-issuer", issuer, "-cert", file, "-url", authority.baseURL + "/ocsp", "-CAfile",
      root)
    #expect(asked.output.contains("Response verify OK"), "\(asked.output)")
    #expect(!asked.output.contains("WARNING"), "\(asked.output)")
    return Verdict(path: path, status: Self.status(in: asked.output, of: file))
  }

  private static func status(in output: String, of file: String) -> String {
    let lines = output.components(separatedBy: "\n")
    let status = lines.first { $0.hasPrefix(file + ": ") }?.dropFirst(file.count + 2) ?? ""
    let reason = lines.first { $0.contains("Reason: ") }?.components(separatedBy: "Reason: ").last
    // openssl 3.0 has no word for reason 9.
    return status
      + (reason.map { ", " + ($0 == "(UNKNOWN)" ? "privilegeWithdrawn" : $0) } ?? "")
  }
}

/// Runs a command of the system with its times in UTC, on a thread of its own: the server under test
/// needs the few threads that tests run on.
func command(_ arguments: [String]) async throws -> (status: Int32, output: String) {
  try await withCheckedThrowingContinuation { continuation in
    Thread.detachNewThread {
      continuation.resume(
        with: Result {
          let process = Process()
          process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
          process.arguments = ["TZ=UTC"] + arguments
          let pipe = Pipe()
          process.standardOutput = pipe
          process.standardError = pipe
          try process.run()
          let output = pipe.fileHandleForReading.readDataToEndOfFile()
          process.waitUntilExit()
          return (process.terminationStatus, String(decoding: output, as: UTF8.self))
        })
    }
  }
}
