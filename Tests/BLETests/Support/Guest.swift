import Foundation
import Subprocess
import Testing

/// How a case ended in the virtual machine.
struct CaseResult: Decodable, Sendable {
  let `case`: String
  /// Why it failed; nil where it passed.
  let failure: String?
  let seconds: Double
}

/// A program of this target's Guest folder, which runs its cases in one virtual machine
/// (ble/testbed) when the first of them is asked for.
final class Guest: Sendable {
  /// Why a case has no result.
  struct Failure: Error, CustomStringConvertible { let description: String }

  /// The cases by name, in the order of the program.
  let cases: [String]
  private let results: Task<[String: CaseResult], any Error>

  /// A program: `peer` is Guest/peer.py. Its cases are there, or in parts: `_pairing` is
  /// Guest/peer_pairing.py.
  init(_ name: String, parts: [String] = [""]) {
    let program = Self.folder + "/\(name).py"
    let text = parts.map { part in
      (try? String(contentsOfFile: Self.folder + "/\(name)\(part).py", encoding: .utf8)) ?? ""
    }.joined()
    cases = text.matches(of: /@case\(\s*"([^"]+)"/).map { String($0.output.1) }
    // Not before a test asks: tests that were filtered out must not boot a machine.
    let (asked, ask) = AsyncStream<Void>.makeStream()
    self.ask = { ask.finish() }
    results = Task {
      for await _ in asked {}
      return try await Self.run(program)
    }
  }

  private let ask: @Sendable () -> Void

  /// What became of a case.
  func result(_ name: String) async throws -> CaseResult {
    ask()
    guard let result = try await results.value[name] else {
      throw Failure(description: "the machine ended before this case")
    }
    return result
  }

  private static let folder = repository + "/Tests/BLETests/Guest"
  private static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path
  /// The program under test.
  static let softdna =
    (Bundle.main.executableURL?.deletingLastPathComponent().path ?? ".") + "/softdna"
  private static let testbed = repository + "/ble/testbed"

  /// Boots a machine and lets a program run its cases there.
  private static func run(_ program: String) async throws -> [String: CaseResult] {
    let python = try await output(of: testbed + "/python", [])
      .trimmingCharacters(in: .whitespacesAndNewlines)
    let folder = FileManager.default.temporaryDirectory
      .appendingPathComponent("softdna-ble-" + UUID().uuidString).path
    // A token for the machine to copy, and what is said to tokens without air: takes long there.
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    _ = try await output(of: softdna, ["issue", "--state", folder + "/token", "--seed", "1"])
    let scenarios = ["blocking", "issuance", "renewal"].map { "scenarios/\($0).yaml" }
    try scenarios.joined(separator: " ")
      .write(toFile: folder + "/scenarios", atomically: true, encoding: .utf8)
    _ = try await output(
      of: softdna, ["run"] + scenarios + ["--over", "direct", "--json", folder + "/direct.json"])
    let lines = try await output(
      of: testbed + "/run",
      ["--out", folder, "--timeout", "2400", "env", "SOFTDNA=" + softdna, python, "-u", program],
      mayFail: true)
    var results: [String: CaseResult] = [:]
    for line in lines.split(separator: "\n") {
      if let result = try? JSONDecoder().decode(CaseResult.self, from: Data(line.utf8)) {
        results[result.case] = result
      }
    }
    guard !results.isEmpty else {
      let complaints = (try? String(contentsOfFile: folder + "/stderr", encoding: .utf8)) ?? ""
      throw Failure(description: "no case was run; logs are in \(folder)\n\(complaints)")
    }
    if results.values.allSatisfy({ $0.failure == nil }) {
      try? FileManager.default.removeItem(atPath: folder)
    }
    return results.mapValues { result in
      CaseResult(
        case: result.case,
        failure: result.failure.map { $0 + "\nlogs and HCI trace are in \(folder)" },
        seconds: result.seconds)
    }
  }

  /// What a program prints that runs in the project's folder.
  static func output(
    of program: String, _ arguments: [String], mayFail: Bool = false
  ) async throws -> String {
    let ended = try await Subprocess.run(
      .name("env"), arguments: Arguments(["--chdir=" + repository, program] + arguments),
      output: .string(limit: 16 << 20), error: .string(limit: 1 << 20))
    // 2 is what the test bed says of missing packages.
    if ended.terminationStatus == .exited(2) || !(mayFail || ended.terminationStatus.isSuccess) {
      throw Failure(description: ended.standardError)
    }
    return ended.standardOutput
  }
}
