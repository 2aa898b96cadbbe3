import Cryptography
import Foundation

/// Stock OpenSSL beside the token.
enum OpenSSL {
  /// Makes an RSA-2048 key pair in a process of its own.
  static func generateKey() throws { _ = try run(["genrsa", "-out", "/dev/null", "2048"]) }

  /// What `openssl speed` says of RSA-2048 signatures.
  static func signaturesPerSecond(seconds: Int) throws -> String {
    let output = try run(["speed", "-mr", "-seconds", String(seconds), "rsa2048"])
    // +F2:<index>:<bits>:<signatures a second>:<verifications a second>
    let fields = output.split(separator: "\n").first { $0.hasPrefix("+F2:") }?.split(separator: ":")
    guard let fields, fields.count > 3, let rate = Double(fields[3]), rate > 0 else {
      throw Failure("openssl speed says nothing of rsa2048", status: 1)
    }
    return String(
      format: "openssl speed rsa2048: %.0f signatures/s, %.0f µs each", rate, 1e6 / rate)
  }

  private static func run(_ arguments: [String]) throws -> String {
    try ChildOutput.of("/usr/bin/openssl", arguments) {
      Unmeasurable(reason: "not installed; install it: apt-get install openssl")
    }
  }
}

/// What a program prints.
enum ChildOutput {
  /// Runs a program to its end.
  ///
  /// - Parameter missing: what is thrown where it cannot be started.
  static func of(
    _ program: String, _ arguments: [String], missing: () -> any Error
  ) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: program)
    process.arguments = arguments
    let pipe = Pipe()
    process.standardOutput = pipe
    // Progress is nobody's business unless it ends in a complaint; a file takes any amount of it.
    let complaints = FileManager.default.temporaryDirectory
      .appendingPathComponent("softdna-bench-" + UUID().uuidString)
    try Data().write(to: complaints)
    defer { try? FileManager.default.removeItem(at: complaints) }
    process.standardError = try FileHandle(forWritingTo: complaints)
    do { try process.run() } catch { throw missing() }
    let output = try pipe.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      let complaint = String(decoding: try Data(contentsOf: complaints), as: UTF8.self)
        .split(separator: "\n").suffix(20).joined(separator: "\n")
      throw Failure("\(program) ended with \(process.terminationStatus):\n\(complaint)", status: 1)
    }
    return String(decoding: output, as: UTF8.self)
  }
}

/// A private-key operation and nothing around it: libcrypto on a key of its own.
final class BareSignature {
  private let key: RSAPrivateOperation
  private let block = [UInt8](repeating: 0x5A, count: 256)
  private var signature: [UInt8] = []

  init() throws {
    var randomness = Randomness.system
    key = try RSAPrivateOperation(RSAKey.generate(bits: 2048, from: &randomness))
  }

  func sign() throws {
    let block = block
    signature.removeAll(keepingCapacity: true)
    try key.apply(to: block.span, into: &signature)
  }
}
