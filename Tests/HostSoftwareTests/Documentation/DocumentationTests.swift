import Foundation
import Testing

/// Every command line of the documentation, run in order in a folder of its own with the built
/// program first in PATH, and compared with the output the page shows.
@Suite(
  "The documentation's commands",
  .runsInAWorld(.opensc, .openssl, .gnutls, .libxml2, .pyscard))
struct DocumentationTests {
  @Test("do what the page says", arguments: try DocumentPage.all().map(\.path))
  func commands(path: String) async throws {
    let page = try DocumentPage(path: path)
    let folder = try Self.folder()
    for block in page.blocks where block.notRunReason == nil {
      if let name = block.fileName {
        try folder.write(block.lines.joined(separator: "\n") + "\n", to: "work/" + name)
      }
      let place = "\(path):\(block.line)"
      switch block.language {
      case "sh":
        let outcome = try await Self.run(block.lines.joined(separator: "\n"), in: folder)
        try #require(outcome.status == 0, "\(place): \(outcome)")
      case "console":
        for exchange in ConsoleSession(block.lines).exchanges {
          // What a terminal would show: both streams, in their order.
          let outcome = try await Self.run("{ \(exchange.command)\n} 2>&1", in: folder)
          try #require(outcome.status == 0, "\(place): \(outcome)")
          #expect(exchange.matches(outcome.output), "\(place): \(exchange.output)\n\(outcome)")
        }
      default: break
      }
    }
  }

  @Test("are marked where no test runs them, and those are few")
  func notRun() throws {
    var total = 0
    var skipped: [String] = []
    for page in try DocumentPage.all() {
      for block in page.blocks where block.isCommands {
        total += 1
        guard let reason = block.notRunReason else { continue }
        #expect(!reason.isEmpty, "\(page.path):\(block.line) does not say why it is not run")
        skipped.append("\(page.path):\(block.line): \(reason)")
      }
    }
    print("\(total) blocks of commands in the documentation; not run, \(skipped.count):")
    for line in skipped { print("  " + line) }
    #expect(total >= 40)
    #expect(skipped.count * 4 <= total)
  }

  @Test("are recognised: each fenced block has a language, each link leads somewhere")
  func form() throws {
    let languages = Set(["sh", "console", "text", "yaml", "json", "python", "ini"])
    for page in try DocumentPage.all() {
      for block in page.blocks {
        #expect(languages.contains(block.language), "\(page.path):\(block.line)")
        // A session that would not be run.
        #expect(
          block.isCommands || !block.lines.contains { $0.hasPrefix("$ softdna") },
          "\(page.path):\(block.line)")
      }
    }
  }

  @Test(
    "are found: every link between pages leads to a file",
    arguments: try DocumentPage.all().map(\.path)
      + ["docs/architecture.md", "docs/fidelity.md", "docs/threats.md"])
  func links(path: String) throws {
    let text = try String(contentsOfFile: Softdna.repository + "/" + path, encoding: .utf8)
    let folder = URL(fileURLWithPath: Softdna.repository + "/" + path).deletingLastPathComponent()
    for match in text.matches(of: #/\]\((?<target>[^)#\s]+)(?:#[^)]*)?\)/#)
    where !match.target.contains(":") {
      let target = folder.appendingPathComponent(String(match.target)).path
      #expect(FileManager.default.fileExists(atPath: target), "\(path): \(match.target)")
    }
  }

  @Test(
    "the references are what the program tells; make reference writes them",
    arguments: [
      ("docs/user/cli.md", "--experimental-dump-help", "markdown"),
      ("docs/user/steps.md", "run --schema", "steps"),
    ])
  func reference(path: String, telling: String, form: String) async throws {
    let folder = try TemporaryFolder()
    let outcome = try await Program.run(
      "/bin/sh",
      ["-euc", "\"$0\" \(telling) | python3 \"$1\" \(form)"]
        + [Softdna.executable, Softdna.repository + "/.ci/reference.py"],
      environment: Softdna.environment(in: folder))
    try #require(outcome.status == 0, "\(outcome)")
    let page = try String(contentsOfFile: Softdna.repository + "/" + path, encoding: .utf8)
    let isSame = page == outcome.output
    #expect(isSame, "make reference")
  }

  /// A folder with the program to find in `bin`, and in `work` what a checkout has for users.
  private static func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let files = FileManager.default
    for name in ["bin", "work"] {
      try files.createDirectory(atPath: folder.path(name), withIntermediateDirectories: false)
    }
    try files.createSymbolicLink(
      atPath: folder.path("bin/softdna"), withDestinationPath: Softdna.executable)
    try files.copyItem(
      atPath: Softdna.repository + "/scenarios", toPath: folder.path("work/scenarios"))
    return folder
  }

  private static func run(_ script: String, in folder: TemporaryFolder) async throws -> Outcome {
    var environment = Softdna.environment(in: folder)
    let path = HostPackage.programFolders.joined(separator: ":")
    environment["PATH"] = folder.path("bin") + ":" + path
    return try await Program.run(
      "/bin/sh", ["-euc", script], environment: environment, folder: folder.path("work"))
  }
}
