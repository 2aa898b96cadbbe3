import Foundation
import Testing

@testable import Traces

/// The commands as a script sees them: exit status and output. The program is built beside the
/// tests.
@Suite("softdna trace and softdna doctor", .serialized, .timeLimit(.minutes(2)))
struct CommandTests {
  private let softdna = Bundle.main.bundleURL.appendingPathComponent("softdna").path
  private let folder: Folder
  private let state: String

  init() throws {
    folder = try Folder()
    state = folder.file("token")
    let issue = try output(
      of: softdna, ["issue", "--state", state, "--seed", "7", "--date", "2026-01-15"])
    #expect(issue.status == 0)
  }

  @Test("records, decodes, compares, replays and exports")
  func session() throws {
    let (first, second) = (folder.file("a.jsonl"), folder.file("b.jsonl"))
    let apdus = ["00A40800041000100300", "00B0000010", "00D600000430303030"]
    #expect(
      try output(of: softdna, ["trace", "record", first, "--state", state] + apdus).status == 0)
    // The same from standard input.
    let piped = try output(
      of: softdna, ["trace", "record", second, "--state", state],
      input: apdus.joined(separator: "\n") + "\n\n")
    #expect(piped.status == 0)
    #expect(try output(of: softdna, ["trace", "diff", first, second]).status == 0)

    let decoded = try output(of: softdna, ["trace", "decode", first])
    #expect(decoded.status == 0)
    #expect(decoded.text.contains("because: EF_IDCarta: UPDATE is never allowed"))
    #expect(!decoded.text.contains("\u{1B}"))
    let lines = try output(of: softdna, ["trace", "decode", "--json", first]).text
      .split(separator: "\n")
    #expect(lines.count == 4)
    for line in lines {
      #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
    }

    let changed = folder.file("c.jsonl")
    try String(contentsOfFile: first, encoding: .utf8).replacingOccurrences(
      of: "\"6982\"", with: "\"6985\""
    )
    .write(toFile: changed, atomically: true, encoding: .utf8)
    let difference = try output(of: softdna, ["trace", "diff", "--json", first, changed])
    #expect(difference.status == 1)
    #expect(difference.text.split(separator: "\n").count == 1)
    #expect(try output(of: softdna, ["trace", "replay", first, "--state", state]).status == 0)
    let replayed = try output(
      of: softdna, ["trace", "replay", changed, "--state", state, "--allow-changes"])
    #expect(replayed.status == 1)
    #expect(try output(of: softdna, ["trace", "pcap", first, folder.file("a.pcap")]).status == 0)
  }

  @Test("say why a file cannot be read, as the system does")
  func unreadable() throws {
    for (path, reason) in [("/no-such", "No such file or directory"), ("/tmp", "Is a directory")] {
      let error = #expect(throws: TraceError.self) { try Trace(file: path) }
      #expect(error?.description == "\(path): cannot be read: \(reason)")
    }
  }

  @Test("end with 2 where they are used wrongly")
  func usage() throws {
    let trace = folder.file("a.jsonl")
    for arguments in [
      ["trace", "diff", "no-such-file", "nor-this"], ["trace", "decode", "no-such-file"],
      ["trace", "record", trace], ["trace", "record", trace, "--state", "nowhere", "00A4"],
      ["trace", "record", trace, "--state", state, "nonsense"],
      ["trace", "record", trace, "--state", state, "00A40000", "--", "true"],
      ["trace", "record", trace, "--", "true"], ["trace", "replay", "no-such-file"],
      ["trace", "import", "--from", "nobody", "x"], ["trace", "pcap", "no-such-file", "x.pcap"],
      ["exec", "--log", folder.file("a.txt"), "--state", state, "--", "true"],
    ] {
      #expect(try output(of: softdna, arguments).status == 2, "\(arguments)")
    }
    // Nothing was sent, and nothing is left.
    let wrongPIN = "00200010083030303030303030"
    for command in [["trace", "record", trace], ["apdu"]] {
      let run = try output(of: softdna, command + ["--state", state, wrongPIN, "nonsense"])
      #expect(run.status == 2 && run.text.isEmpty, "\(run.text)")
    }
    #expect(!FileManager.default.fileExists(atPath: trace))
    #expect(try output(of: softdna, ["apdu", "--state", state, "00200010"]).text.contains("63C3"))
  }

  @Test(
    "records what host software says, and keeps its exit status",
    .enabled(if: canUsePCSC, "pcscd is not installed"))
  func hostSoftware() throws {
    let trace = folder.file("host.jsonl")
    let command = "pkcs11-tool --module opensc-pkcs11.so --login --pin $SOFTDNA_PIN -O; exit 7"
    let recorded = try output(
      of: softdna, ["trace", "record", trace, "--state", state, "--", "sh", "-c", command])
    #expect(recorded.status == 7)
    #expect(recorded.text.contains("CNS0"))
    let text = try String(contentsOfFile: trace, encoding: .utf8)
    #expect(text.contains("\"redacted\""))
    let refusals = try output(of: softdna, ["trace", "decode", "--refused", trace]).text
    #expect(refusals.contains("(PIV) is on the card"))
    // Every refusal has its reason.
    let count = { (word: String) in refusals.components(separatedBy: word).count - 1 }
    #expect(count("because: ") == count("    ← "))
    // The scratch card knows the PIN the trace does not.
    let replay = try output(of: softdna, ["trace", "replay", trace, "--state", state])
    #expect(replay.status == 0, "\(replay.text)")
    // The reader's search for its card is left out.
    let powers = try Trace(file: trace).entries.count { $0.event == .powerOff }
    #expect(powers < 10)

    let capture = folder.file("host.pcap")
    let captured = try output(
      of: softdna,
      ["exec", "--state", state, "--log", capture, "--", "opensc-tool", "-r", "0", "-n"])
    #expect(captured.status == 0)
    #expect(try Data(contentsOf: URL(fileURLWithPath: capture)).count > 1000)
  }

  @Test(
    "names the package of a driver that is not there",
    .enabled(if: canUsePCSC, "pcscd is not installed"))
  func missingDriver() throws {
    let script = "mount -t tmpfs none /usr/lib/pcsc && exec '\(softdna)' doctor"
    let result = try output(
      of: "/usr/bin/unshare", ["--map-root-user", "--mount", "/bin/sh", "-c", script])
    #expect(result.status == 1)
    #expect(result.text.contains("MISSING   vpcd driver"))
    #expect(result.text.contains("fix: apt-get install vsmartcard-vpcd"))
    #expect(result.text.contains("private PC/SC world: not tried"))
  }

  @Test("says what is there, as text and as JSON, with one verdict")
  func doctor() throws {
    let text = try output(of: softdna, ["doctor"])
    let json = try output(of: softdna, ["doctor", "--json"])
    #expect(text.status == json.status)
    #expect(text.status == 0 || text.text.contains("fix: "))
    let object = try JSONSerialization.jsonObject(with: Data(json.text.utf8)) as? [String: Any]
    #expect(object?["ok"] as? Bool == (json.status == 0))
    let findings = try #require(object?["findings"] as? [[String: Any]])
    #expect(findings.count >= 9)
    for finding in findings where finding["there"] as? Bool == false {
      #expect((finding["purpose"] as? String)?.isEmpty == false)
    }
    if isCI { #expect(text.status == 0, "\(text.text)") }
  }
}
