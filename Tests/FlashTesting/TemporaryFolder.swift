import Foundation

/// A folder for images, gone with the value.
public final class TemporaryFolder {
  private let url: URL

  /// An empty folder.
  public init() throws {
    url = FileManager.default.temporaryDirectory
      .appendingPathComponent("softdna-test-" + UUID().uuidString)
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: url) }

  /// Where a file of this name is.
  public func path(_ name: String) -> String { url.appendingPathComponent(name).path }

  /// Whether there is one.
  public func has(_ name: String) -> Bool { FileManager.default.fileExists(atPath: path(name)) }

  /// What is in it.
  public func read(_ name: String) throws -> [UInt8] {
    Array(try Data(contentsOf: url.appendingPathComponent(name)))
  }

  /// Makes it, or puts something else into it.
  public func write(_ bytes: [UInt8], _ name: String) throws {
    try Data(bytes).write(to: url.appendingPathComponent(name))
  }

  /// Every file in the folder.
  public var names: [String] {
    get throws { try FileManager.default.contentsOfDirectory(atPath: url.path).sorted() }
  }
}
