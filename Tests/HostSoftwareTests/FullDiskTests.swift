import Foundation
import Testing

/// Whether this machine lets tests mount: not every container does.
private enum MountNamespace {
  static var isAllowed: Bool {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/unshare")
    process.arguments = ["-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}

/// A file system of a few kilobytes, in a mount namespace of the test's own.
@Suite(
  "A full disk", .runsInAWorld(), .enabled(if: MountNamespace.isAllowed, "mounting is forbidden"))
struct FullDiskTests {
  /// Runs a script with an empty file system at `disk`.
  private func run(kilobytes: Int, _ script: String) async throws -> [String] {
    let folder = try TemporaryFolder()
    let outcome = try await Program.run(
      "/usr/bin/unshare",
      [
        "-m", "sh", "-uc",
        """
        mkdir disk && mount -t tmpfs -o size=\(kilobytes)k tmpfs disk || exit 3
        try() { "$SOFTDNA" "$@" > /dev/null 2> errors; echo "$? $(tail -n 1 errors)"; }
        \(script)
        """,
      ], environment: Softdna.environment(in: folder), folder: folder.path)
    try #require(outcome.status == 0, "\(outcome)")
    return outcome.output.split(separator: "\n").map(String.init)
  }

  private func expectFull(_ line: String, _ file: String) {
    #expect(line.hasPrefix("2 softdna: "), "\(line)")
    #expect(
      line.contains(file) && line.contains("No space left on device")
        && !line.contains("NSCocoaErrorDomain"), "\(line)")
  }

  @Test("issue says so, leaves nothing, and works where there is room", arguments: [64, 300, 500])
  func issue(kilobytes: Int) async throws {
    let lines = try await run(
      kilobytes: kilobytes,
      """
      try issue --state disk/s
      ls -A disk | wc -l
      mount -o remount,size=20m disk
      try issue --state disk/s
      """)
    try #require(lines.count == 3, "\(lines)")
    expectFull(lines[0], "disk/s")
    #expect(lines[1] == "0" && lines[2].hasPrefix("0 "), "\(lines)")
  }

  @Test("reports, traces, the authority and snapshots say which file, and leave no half")
  func others() async throws {
    let lines = try await run(
      kilobytes: 20_000,
      """
      printf 'name: a\\nsteps: [{ advance-clock: { days: 1 } }]\\n' > a.yaml
      "$SOFTDNA" issue --state disk/s > /dev/null 2>&1
      dd if=/dev/zero of=disk/fill bs=1k count=30000 2> /dev/null
      try run a.yaml --html disk/r.html
      try run a.yaml --traces disk/t
      try authority crl --state disk/s
      try authority suspend --registrar R --state disk/s
      try trace record disk/t.jsonl --state disk/s 00A40000023F00
      ls -A disk disk/t | grep -c -e html -e jsonl -e softdna
      try exec --state disk/s -- "$SOFTDNA" ctl snapshot one
      rm disk/fill
      try authority suspend --registrar R --state disk/s
      """)
    try #require(lines.count == 8, "\(lines)")
    for (line, file) in zip(
      lines,
      [
        "disk/r.html", "disk/t/a-direct.jsonl", "authority.sqlite", "authority.sqlite",
        "disk/t.jsonl",
      ])
    { expectFull(line, file) }
    expectFull(lines[6], "snapshots/one.nv")
    #expect(lines[5] == "0" && lines[7].hasPrefix("0"), "\(lines)")
  }
}
