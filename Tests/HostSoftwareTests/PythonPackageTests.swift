import Foundation
import Testing

/// vsmartcard/python as its users get it: installed by pip from a copy of the checkout into a fresh
/// virtual environment, with its types checked and its own tests run.
@Suite(
  "The Python package",
  .runsInAWorld(.opensc, .openssl, .faketime, .pyscard, .pythonVenv, .pythonHeaders, .gcc))
struct PythonPackageTests {
  private let folder: TemporaryFolder

  init() throws {
    folder = try TemporaryFolder()
    try FileManager.default.copyItem(
      atPath: Softdna.repository + "/vsmartcard/python", toPath: folder.path("package"))
  }

  private func run(_ script: String) async throws -> Outcome {
    var environment = Softdna.environment(in: folder)
    // What pip has downloaded and built before may be used again.
    if let home = ProcessInfo.processInfo.environment["HOME"] {
      environment["PIP_CACHE_DIR"] = home + "/.cache/pip"
    }
    environment["PYTHON"] = HostPackage.systemPython
    return try await Program.run(
      "sh", ["-euc", script], environment: environment, folder: folder.path,
      timeLimit: .seconds(600))
  }

  @Test("is installed by pip, typed, and does what it says")
  func package() async throws {
    let made = try await run(
      """
      "$PYTHON" -m venv venv
      venv/bin/pip install --quiet --retries 2 './package[test]'
      """)
    try #require(made.status == 0, "the virtual environment cannot be made: \(made)")
    // No build products in the checkout.
    let entries = try FileManager.default.contentsOfDirectory(atPath: folder.path("package"))
    #expect(!entries.contains { $0.hasSuffix(".egg-info") || $0 == "build" }, "\(entries)")
    let outcome = try await run(
      """
      cd package
      ../venv/bin/mypy --strict --python-executable ../venv/bin/python
      ../venv/bin/pytest -q -W error
      # Without this package's options and development files, as its users have it.
      cd ..
      venv/bin/python -c 'import softdna, importlib.resources as r
      assert r.files(softdna).joinpath("py.typed").is_file()
      assert "package" not in softdna.__file__.replace("site-packages", "")'
      """)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.contains("Success: no issues found"), "\(outcome)")
    #expect(outcome.output.contains(" passed") && !outcome.output.contains("skipped"), "\(outcome)")
  }

  @Test("has a README whose Python and shell are right")
  func readme() async throws {
    let text = try String(
      contentsOfFile: folder.path("package") + "/README.md", encoding: .utf8)
    let blocks = text.components(separatedBy: "```python\n").dropFirst()
      .compactMap { $0.components(separatedBy: "```").first }
    #expect(blocks.count >= 4)
    // The first is a whole program; the others are parts of programs and must at least be Python.
    try folder.write(blocks[0], to: "quickstart.py")
    for (index, block) in blocks.enumerated() { try folder.write(block, to: "block-\(index).py") }
    let outcome = try await run(
      """
      "$PYTHON" -m py_compile block-*.py
      # pyscard is Debian's here.
      PYTHONPATH=package/src:/usr/lib/python3/dist-packages "$PYTHON" quickstart.py
      """)
    #expect(outcome.status == 0, "\(outcome)")
    #expect(outcome.output.hasPrefix("Digital DNA Key (softdna) 00 00\n"), "\(outcome)")
    #expect(outcome.output.contains("X.509 Certificate"), "\(outcome)")
    #expect(outcome.output.hasSuffix("144, 0)\n") || outcome.output.contains(", 144, 0"))
  }
}
