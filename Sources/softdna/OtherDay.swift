import Authority
import Foundation

/// Another day for a command and for all it starts: libfaketime in its environment, so that the
/// command stays what it is, exit status included.
struct OtherDay {
  let environment: [String: String]

  /// The same time of day on `day`.
  ///
  /// - Throws: where libfaketime is not installed.
  init(_ day: Day) throws {
    let offset = day.number - Day(Date()).number
    let own = ProcessInfo.processInfo.environment
    let earlier = own["LD_PRELOAD"].map { [$0] } ?? []
    environment = [
      "LD_PRELOAD": ([try Self.library()] + earlier).joined(separator: ":"),
      // An offset, not an instant: processes started one after the other share one time.
      "FAKETIME": "\(offset < 0 ? "" : "+")\(offset)d",
      // Nothing is shared between processes that could be left behind.
      "FAKETIME_DISABLE_SHM": "1",
    ]
  }

  private static func library() throws -> String {
    let files = FileManager.default
    for folder in ["/usr/lib", "/usr/lib64", "/usr/local/lib"] {
      let triples = (try? files.contentsOfDirectory(atPath: folder)) ?? []
      let candidates = [folder] + triples.sorted().map { "\(folder)/\($0)" }
      for candidate in candidates {
        let library = candidate + "/faketime/libfaketime.so.1"
        if files.fileExists(atPath: library) { return library }
      }
    }
    throw Failure("--date needs libfaketime; install the Debian package faketime")
  }
}
