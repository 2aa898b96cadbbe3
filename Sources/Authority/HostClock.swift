public import Foundation

/// The authority's time for host software: libfaketime in a program's environment, for it and for
/// all it starts. Debian package faketime; its command would leave semaphores behind when killed.
public struct HostClock: Equatable, Sendable {
  /// The library is not where Debian puts it.
  public struct Missing: Error, CustomStringConvertible, Sendable {
    /// What to do.
    public let description =
      "another time for host software needs libfaketime; install the Debian package faketime"
  }

  /// The variables, to be set over the program's others.
  public let environment: [String: String]

  /// A clock that shows `instant` now and goes on from there, to the second.
  public init(at instant: Date) throws(Missing) {
    guard let library = Self.library else { throw Missing() }
    // An offset, not an instant: programs started one after the other share one time. Rounded up:
    // nothing that the authority has dated seems to lie in the future.
    let offset = Int(instant.timeIntervalSinceNow.rounded(.up))
    let earlier = ProcessInfo.processInfo.environment["LD_PRELOAD"].map { [$0] } ?? []
    environment = [
      "LD_PRELOAD": ([library] + earlier).joined(separator: ":"),
      "FAKETIME": (offset < 0 ? "" : "+") + String(offset),
      // Waiting for a reader takes as long as it takes.
      "FAKETIME_DONT_FAKE_MONOTONIC": "1",
      // Nothing is shared between processes that could be left behind.
      "FAKETIME_DISABLE_SHM": "1",
    ]
  }

  /// A clock that shows this time of day on `day`, as `AuthorityClock.on` does.
  public init(on day: Day) throws(Missing) {
    try self.init(at: AuthorityClock.on(day).now)
  }

  /// For programs with threads; others do not mind.
  private static let library: String? = {
    let files = FileManager.default
    let folders = ["/usr/lib", "/usr/lib64", "/usr/local/lib"].flatMap { root in
      let inside = (try? files.contentsOfDirectory(atPath: root)) ?? []
      return [root] + inside.sorted().map { "\(root)/\($0)" }
    }
    return folders.map { $0 + "/faketime/libfaketimeMT.so.1" }.first {
      files.isReadableFile(atPath: $0)
    }
  }()
}
