import Foundation
import HostFiles
import Testing

/// Files that are promised.
@Suite struct HostFileTests {
  private let place: Place
  init() throws { place = try Place() }

  @Test func `given up, a new file leaves nothing and takes nothing`() throws {
    try place.write("old", to: "file")
    do {
      let file = try NewFile(for: place("file"))
      try file.write(Data("half".utf8))
      #expect(place.names.count == 2)
    }
    #expect(place.names == ["file"] && place.text("file") == "old")
  }

  @Test func `no name beside the file can be taken beforehand`() throws {
    let one = try NewFile(for: place("file"))
    let other = try NewFile(for: place("file"))
    #expect(Set(place.names).count == 2)
    for name in place.names { #expect(place.mode(name) == 0o600) }
    withExtendedLifetime((one, other)) {}
  }

  @Test func `what a killed process left is swept, what another is writing is not`() throws {
    try place.write("PIN", to: ".softdna-00112233445566778899aabbccddeeff")
    try place.write("the user's", to: "other")
    let file = try NewFile(for: place("file"))
    try HostFolder.removeUnfinished(in: place.path)
    #expect(place.names.count == 2 && place.names.contains("other"))
    try file.takePlace()
    #expect(place.names == ["file", "other"])
  }

  @Test func `folders are made with those above them, each with the mode`() throws {
    #expect(try HostFolder.make(place("a/b/c"), mode: 0o700))
    #expect(try !HostFolder.make(place("a/b/c"), mode: 0o700))
    for name in ["a", "a/b", "a/b/c"] { #expect(place.mode(name) == 0o700) }
    try place.write("", to: "file")
    #expect(throws: FileFailure(place("file/d"), .make, code: ENOTDIR)) {
      try HostFolder.make(place("file/d"))
    }
    #expect(try HostFolder.remove(place("a")) && !HostFolder.remove(place("a")))
  }

  @Test(arguments: [
    ("a/b", "a"), ("/a", "/"), ("a", "."), ("a/", "."), ("/a/b/", "/a"), ("/", "/"), ("", "."),
  ])
  func `the folder of a path`(path: String, folder: String) {
    #expect(HostFolder.parent(of: path) == folder)
  }

  @Test func `errors that Foundation wrapped are told in the system's words`() throws {
    let wrapped: [(any Error, String)] = [
      (CocoaError(.fileWriteOutOfSpace), "No space left on device"),
      (CocoaError(.fileReadNoPermission), "Permission denied"),
      (
        CocoaError(.fileWriteUnknown, userInfo: [NSUnderlyingErrorKey: POSIXError(.EDQUOT)]),
        "Disk quota exceeded"
      ),
      (POSIXError(.EROFS), "Read-only file system"),
    ]
    for (error, words) in wrapped { #expect(SystemReason.text(of: error) == words) }
    do { _ = try Data(contentsOf: URL(fileURLWithPath: place("none"))) } catch {
      #expect(
        SystemReason.sentence(of: error) == "\(place("none")): No such file or directory")
    }
    let full = try FileHandle(forWritingTo: URL(fileURLWithPath: "/dev/full"))
    do { try full.write(contentsOf: Data("much".utf8)) } catch {
      #expect(SystemReason.text(of: error) == "No space left on device")
    }
  }
}
