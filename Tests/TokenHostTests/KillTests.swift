import FlashTesting
import Foundation
import ISO7816
import Issuance
import Terminal
import Testing
import TokenHost

/// `KILLS` and `PCSC_KILLS` in the environment ask for more than the few of every run.
@Suite("kill -9 in the middle of work", .serialized) struct KillTests {
  private static func count(_ name: String, _ usual: Int) -> Int {
    ProcessInfo.processInfo.environment[name].flatMap { Int($0) } ?? usual
  }

  @Test("of the process that owns the token: it comes back, with counter, PIN and key as they were")
  func direct() throws {
    let softdna = Tools.path("softdna")
    try kill(times: Self.count("KILLS", 25)) { folder in
      [softdna, "apdu", "--json", "--state", folder]
    }
  }

  @Test("of a whole PC/SC world around it")
  func overPCSC() throws {
    let softdna = Tools.path("softdna")
    try kill(times: Self.count("PCSC_KILLS", 2)) { folder in
      [
        softdna, "exec", "--state", folder, "--", "/bin/sh", "-c",
        "exec \"$0\" apdu --json --reader \"$SOFTDNA_READER\"", softdna,
      ]
    }
  }

  private func kill(times: Int, _ arguments: (String) -> [String]) throws {
    let folder = try TemporaryFolder()
    try folder.write(try IssuedImage.get().bytes, "token.nv")
    var bits = SeededBits(UInt64(times))
    var pin = IssuedImage.codes.pin
    var answers = 0
    var pendings: [String: Int] = [:]
    for round in 0..<times {
      let load = try Load(arguments(folder.path("")), pin: pin, seed: bits.next())
      load.work(killedAfter: .microseconds(Int(bits.next() % 150_000)))
      answers += load.answers
      #expect(load.surprise == nil, "round \(round)")
      pendings["\(load.expectation.pending)".prefix { $0 != "(" }.description, default: 0] += 1
      pin = try check(load.expectation, folder.path("token.nv"), round)
    }
    print("kill -9, \(times) times: \(answers) commands answered; not answered: \(pendings)")
    #expect(answers > times)
  }

  /// Opens the image as the next process would; answers the PIN.
  private func check(_ expected: Load.Expectation, _ path: String, _ round: Int) throws -> String {
    let card = CardSession(try Slot.openingPatiently(path))
    _ = try card.channel.powerOn()
    let tries = try #require(try card.send(ins: 0x20, p2: 0x10).status.triesLeft)
    #expect(expected.possibleTries.contains(Int(tries)), "round \(round): \(tries), \(expected)")
    var pin = expected.pin
    // A change that happened has given all tries back.
    if case .change(let new) = expected.pending, tries == 3 {
      let answer = try card.send(ins: 0x20, p2: 0x10, data: CardSession.padded(new))
      if answer.status == .success { pin = new }
    }
    try card.verify(0x10, pin)
    let signature = try card.signBlock([1, 2, 3], key: 0x01)
    #expect(signature.count == 256)
    return pin
  }
}
