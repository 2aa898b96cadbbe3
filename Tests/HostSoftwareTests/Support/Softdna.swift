import Foundation

/// The command line under test, as a user runs it.
enum Softdna {
  /// The executable, beside the test bundle.
  static let executable =
    Bundle.main.executableURL.map {
      $0.deletingLastPathComponent().appendingPathComponent("softdna").path
    } ?? "softdna"

  /// The repository, for what ships with it.
  static let repository = URL(fileURLWithPath: #filePath)
    .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// What keeps a run to its folder: nothing of the user's settings, caches or readers.
  static func environment(in folder: TemporaryFolder) -> [String: String?] {
    [
      "HOME": folder.path, "XDG_CACHE_HOME": folder.path, "XDG_RUNTIME_DIR": folder.path,
      "TMPDIR": folder.path, "LC_ALL": "C", "TZ": "UTC",
      "PATH": HostPackage.programFolders.joined(separator: ":"),
      "SOFTDNA": executable, "PKCS11_MODULE": HostPackage.pkcs11Module ?? "",
      "PCSCLITE_CSOCK_NAME": nil, "OPENSC_CONF": nil, "OPENSC_DRIVER": nil, "OPENSC_DEBUG": nil,
      "OPENSSL_CONF": nil,
    ]
  }

  /// Runs a subcommand in a folder.
  static func run(
    _ arguments: [String], in folder: TemporaryFolder, input: String = "",
    beside body: @escaping @Sendable (Program.Running) async throws -> Void = { _ in }
  ) async throws -> Outcome {
    try await Program.run(
      executable, arguments, environment: environment(in: folder), folder: folder.path,
      input: input, beside: body)
  }
}
