import Foundation

/// Where the tests' files are.
enum Files {
  static let tests = URL(fileURLWithPath: #filePath).deletingLastPathComponent().path
  static let root = URL(fileURLWithPath: tests).deletingLastPathComponent()
    .deletingLastPathComponent().path
  static let broken = tests + "/Broken"
  static let library = root + "/scenarios"

  /// The YAML files in a folder and the folders in it.
  static func yaml(in folder: String) -> [String] {
    (FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? [])
      .filter { $0.hasSuffix(".yaml") }.sorted().map { folder + "/" + $0 }
  }

  /// Where the fresh folders of this process are, until it ends.
  private static let scratchPlace: String = {
    atexit { try? FileManager.default.removeItem(atPath: Files.scratchPlace) }
    return NSTemporaryDirectory() + "softdna-test-" + UUID().uuidString
  }()

  /// A fresh folder.
  static func scratch() throws -> String {
    let path = scratchPlace + "/" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    return path
  }
}

/// A program that is not ours, run to its end.
struct Tool {
  let status: Int32
  let output: String

  init(_ arguments: [String], in folder: String = Files.root) throws {
    let file = try Files.scratch() + "/output"
    _ = FileManager.default.createFile(atPath: file, contents: nil)
    let output = try FileHandle(forWritingTo: URL(fileURLWithPath: file))
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    process.arguments = arguments
    process.currentDirectoryURL = URL(fileURLWithPath: folder)
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = output
    process.standardError = output
    try process.run()
    process.waitUntilExit()
    status = process.terminationStatus
    self.output = String(
      decoding: FileManager.default.contents(atPath: file) ?? Data(), as: UTF8.self)
    try? FileManager.default.removeItem(atPath: (file as NSString).deletingLastPathComponent)
  }

  /// The softdna that was built with these tests.
  static func softdna(_ arguments: String...) throws -> Tool { try softdna(arguments) }

  /// The softdna that was built with these tests.
  ///
  /// - Parameter environment: variables, NAME=VALUE.
  static func softdna(_ arguments: [String], environment: [String] = []) throws -> Tool {
    try Tool(environment + [softdnaPath()] + arguments)
  }

  /// The path of the softdna that was built with these tests.
  static func softdnaPath() -> String {
    let folder = Bundle.main.bundleURL.path
    let candidates = [folder, (folder as NSString).deletingLastPathComponent]
      .map { $0 + "/softdna" }
    return candidates.first { FileManager.default.isExecutableFile(atPath: $0) }
      ?? Files.root + "/.build/debug/softdna"
  }
}
