import Testing

@testable import VirtualReader

@Suite("A private world that cannot start", .needsPCSCD, .serialized, .timeLimit(.minutes(1)))
struct WorldFailureTests {
  /// A part of the configuration, and what installs it.
  enum Part: String, CaseIterable {
    case pcscd
    case driver = "vsmartcard-vpcd"
    case unshare = "util-linux"
  }

  @Test("names what is missing and how to install it", arguments: Part.allCases)
  func missing(part: Part) throws {
    let scratch = try ScratchDirectory()
    var configuration = scratch.configuration
    switch part {
    case .pcscd: configuration.pcscd = "/nowhere/at-all"
    case .driver: configuration.driver = "/nowhere/at-all"
    case .unshare: configuration.unshare = "/nowhere/at-all"
    }
    #expect {
      try PrivateWorld.start(card: TestCard(), configuration: configuration)
    } throws: { error in
      "\(error)".contains("/nowhere/at-all")
        && "\(error)".contains("apt-get install \(part.rawValue)")
    }
    #expect(scratch.entries.isEmpty)
  }

  @Test("says so with pcscd's own words, and leaves nothing, when pcscd does not serve")
  func mutePCSCD() throws {
    let scratch = try ScratchDirectory()
    var configuration = scratch.configuration
    configuration.pcscd = "/bin/echo"
    configuration.timeout = .milliseconds(500)
    #expect {
      try PrivateWorld.start(card: TestCard(), configuration: configuration)
    } throws: { error in
      "\(error)".contains("vpcd does not listen in time. pcscd said:")
        && "\(error)".contains("--config /run/conf")
    }
    #expect(scratch.entries.isEmpty)
    #expect(scratch.processes.isEmpty)
  }

  @Test("says how to allow namespaces where the kernel refuses them")
  func forbiddenNamespaces() throws {
    let scratch = try ScratchDirectory()
    var configuration = scratch.configuration
    let refusing = scratch.path + "/unshare"
    try write(
      "#!/bin/sh\necho 'unshare: unshare failed: Operation not permitted' >&2\nexit 1\n",
      to: refusing)
    configuration.unshare = refusing
    #expect {
      try PrivateWorld.start(card: TestCard(), configuration: configuration)
    } throws: { error in
      "\(error)".contains("Operation not permitted")
        && "\(error)".contains("amespaces are forbidden")
    }
    #expect(scratch.entries == ["unshare"])
  }

  @Test("says that the path is too long for a socket")
  func longPath() throws {
    let scratch = try ScratchDirectory()
    var configuration = scratch.configuration
    configuration.parentDirectory = scratch.path + String(repeating: "/.", count: 40)
    #expect {
      try PrivateWorld.start(card: TestCard(), configuration: configuration)
    } throws: { error in
      "\(error)".contains("XDG_RUNTIME_DIR")
    }
    #expect(scratch.entries.isEmpty)
  }
}
