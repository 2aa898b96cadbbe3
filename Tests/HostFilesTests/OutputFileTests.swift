import Foundation
import HostFiles
import Testing

/// Results under names that users give.
@Suite struct OutputFileTests {
  private let place: Place
  init() throws { place = try Place() }

  private func write(_ text: String, to name: String, mode: mode_t = 0o600) throws {
    try OutputFile(path: place(name), mode: mode).write(Data(text.utf8))
  }

  @Test func `a new file is its owner's alone, whatever the umask allows`() throws {
    try write("new", to: "r.html")
    #expect(place.text("r.html") == "new" && place.mode("r.html") == 0o600)
    #expect(place.names == ["r.html"])
  }

  @Test(
    arguments: [
      (0o666, 0o600), (0o644, 0o600), (0o640, 0o600), (0o600, 0o600), (0o400, 0o400),
      (0o4755, 0o600),
    ] as [(mode_t, mode_t)])
  func `permissions are kept where they are no wider, and narrowed otherwise`(
    before: mode_t, after: mode_t
  ) throws {
    try place.write("old", to: "r.html", mode: before)
    try write("new", to: "r.html")
    #expect(place.text("r.html") == "new" && place.mode("r.html") == after)
  }

  @Test func `what is public stays readable`() throws {
    try write("list", to: "a.crl", mode: 0o644)
    #expect(try #require(place.mode("a.crl")) & 0o044 == 0o044)
  }

  @Test func `the owner stays the one who had it`() throws {
    try #require(geteuid() == 0, "only root gives files away")
    try place.write("old", to: "r.html")
    chown(place("r.html"), 1234, 1234)
    try write("new", to: "r.html")
    var status = stat()
    stat(place("r.html"), &status)
    #expect(status.st_uid == 1234 && status.st_mode & 0o777 == 0o600)
  }

  @Test func `in a folder of everybody's a planted file's owner gets nothing`() throws {
    try #require(geteuid() == 0, "only root gives files away")
    chmod(place.path, 0o1777)
    try place.write("old", to: "r.html", mode: 0o666)
    chown(place("r.html"), 1234, 1234)
    try write("new", to: "r.html")
    var status = stat()
    stat(place("r.html"), &status)
    #expect(status.st_uid == 0 && status.st_mode & 0o777 == 0o600)
  }

  @Test func `neighbours with likely names stay: .new, .tmp, a backup`() throws {
    let neighbours = ["r.html.new", "r.html.tmp", "r.html~", ".r.html.swp"]
    for name in neighbours { try place.write("the user's", to: name) }
    try write("new", to: "r.html")
    for name in neighbours { #expect(place.text(name) == "the user's", "\(name)") }
    #expect(place.names == (neighbours + ["r.html"]).sorted())
  }

  @Test(arguments: ["r.html", "r.html.new"])
  func `a planted link is not followed`(name: String) throws {
    try place.write("the victim's", to: "victim", mode: 0o640)
    symlink(place("victim"), place(name))
    try write("new", to: "r.html")
    let file = try OutputFile(path: place("r.html")).begin(with: Data("ag".utf8))
    try file.write(Data("ain".utf8))
    try file.end()
    #expect(place.text("victim") == "the victim's" && place.mode("victim") == 0o640)
    #expect(place.text("r.html") == "again" && place.mode("r.html") == 0o600)
  }

  @Test func `a link to nowhere is replaced, and nothing is made there`() throws {
    symlink(place("nowhere"), place("r.html"))
    try write("new", to: "r.html")
    #expect(place.text("r.html") == "new" && place.names == ["r.html"])
  }

  @Test func `a second name of the file keeps the old contents`() throws {
    try place.write("old", to: "r.html")
    link(place("r.html"), place("other"))
    try write("new", to: "r.html")
    #expect(place.text("other") == "old" && place.text("r.html") == "new")
  }

  @Test func `a device stays one`() throws {
    try OutputFile(path: "/dev/null").write(Data("gone".utf8))
    #expect(throws: FileFailure("/dev/full", .write, code: ENOSPC)) {
      try OutputFile(path: "/dev/full").write(Data("much".utf8))
    }
    #expect(
      "\(FileFailure("/dev/full", .write, code: ENOSPC))"
        == "/dev/full cannot be written: No space left on device")
    symlink("/dev/null", place("null"))
    try write("gone", to: "null")
    #expect(place.mode("null") == 0o777)
  }

  @Test func `a name of an open descriptor writes behind what is there`() throws {
    try place.write("before ", to: "out")
    let descriptor = open(place("out"), O_WRONLY | O_APPEND)
    defer { close(descriptor) }
    try OutputFile(path: "/dev/fd/\(descriptor)").write(Data("after".utf8))
    #expect(place.text("out") == "before after")
    try OutputFile(path: "/proc/self/fd/\(descriptor)").write(Data("!".utf8))
    #expect(place.text("out") == "before after!")
  }

  @Test func `somebody else's pipe gets nothing in a folder of everybody's`() throws {
    try #require(geteuid() == 0, "only root gives files away")
    chmod(place.path, 0o1777)
    mkfifo(place("pipe"), 0o666)
    chown(place("pipe"), 1234, 1234)
    let reader = open(place("pipe"), O_RDONLY | O_NONBLOCK)
    defer { close(reader) }
    #expect(throws: FileFailure.self) { try write("secret", to: "pipe") }
    symlink("/dev/null", place("link"))
    lchown(place("link"), 1234, 1234)
    #expect(throws: FileFailure.self) { try OutputFile(path: place("link")).check() }
  }

  @Test func `what cannot be is told beforehand, with the reason`() throws {
    try place.write("", to: "file")
    let reasons = [
      ("", "the name is empty"), (place.path, "it is a folder"),
      (place("none/r.html"), "there is no folder \(place("none"))"),
      (place("file/r.html"), "Not a directory"),
    ]
    for (path, reason) in reasons {
      #expect(throws: FileFailure.self) { try OutputFile(path: path).check() }
      do { try OutputFile(path: path).check() } catch {
        #expect(error.reason == reason, "\(path)")
      }
    }
  }
}
