import Glibc
import ISO7816
import Terminal
import Testing

@testable import VirtualReader

@Suite("A card in a private world", .needsPCSCD, .serialized, .timeLimit(.minutes(2)))
struct PrivateWorldTests {
  private let getChallenge: [UInt8] = [0x00, 0x84, 0x00, 0x00, 0x08]

  @Test("shows its ATR, answers commands and is reset")
  func exchange() throws {
    let card = TestCard()
    let world = try PrivateWorld.start(card: card)
    defer { world.stop() }
    #expect(
      try world.service.readers() == [
        "Digital DNA Key (softdna) 00 00", "Digital DNA Key (softdna) 00 01",
      ])
    let reader = try PCSCReader.connect(to: "00 00", service: world.service)
    #expect(try reader.reset() == TestCard.atr)
    #expect(card.seen.resets == 1)
    #expect(try reader.transmit(getChallenge) == [1, 2, 3, 4, 5, 6, 7, 8, 0x90, 0x00])
    let before = card.seen.powerOns
    #expect(try reader.powerOn() == TestCard.atr)
    #expect(card.seen.powerOns == before + 1)
    try reader.powerOff()
    #expect(throws: ChannelError.self) { try reader.transmit(getChallenge) }
    #expect(try reader.powerOn() == TestCard.atr)
    #expect(try reader.transmit(getChallenge).count == 10)
  }

  @Test("takes extended commands up to what a frame can hold", arguments: [300, 4096, 65_533])
  func extended(count: Int) throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
    let data = count - 7
    let command: [UInt8] =
      [0x00, 0xD6, 0x00, 0x00, 0x00, UInt8(data >> 8), UInt8(data & 0xFF)]
      + (0..<data).map { UInt8(truncatingIfNeeded: $0) }
    #expect(try reader.transmit(command) == command + [0x90, 0x00])
    // Two bytes more go there, but not back together with a status word.
    if count == 65_533 {
      #expect(try reader.transmit(command + [0x00, 0x00]) == command + [0x90, 0x00])
    }
  }

  @Test("is seen to leave and to come back")
  func removal() throws {
    let card = TestCard()
    let world = try PrivateWorld.start(card: card)
    defer { world.stop() }
    let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
    let powerOffs = card.seen.powerOffs
    world.remove()
    #expect(card.seen.powerOffs > powerOffs)
    #expect(try reader.wait(for: .absent, timeout: .seconds(5)))
    #expect(throws: ChannelError.self) { try reader.transmit(getChallenge) }
    #expect(try !reader.wait(for: .present, timeout: .milliseconds(100)))
    world.insert()
    #expect(try reader.wait(for: .present, timeout: .seconds(5)))
    let again = try PCSCReader.connect(to: world.readerName, service: world.service)
    #expect(try again.transmit(getChallenge).count == 10)
  }

  @Test("that fails is a card that was removed, until it answers again")
  func failure() throws {
    let card = TestCard()
    let world = try PrivateWorld.start(card: card)
    defer { world.stop() }
    let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
    card.fail(true)
    #expect(throws: ChannelError.self) { try reader.transmit(getChallenge) }
    #expect(try reader.wait(for: .absent, timeout: .seconds(5)))
    card.fail(false)
    #expect(try reader.wait(for: .present, timeout: .seconds(5)))
  }

  @Test("keeps others out of a transaction, and out altogether where it is exclusive")
  func sharing() throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    let first = try PCSCReader.connect(to: world.readerName, service: world.service)
    let second = try PCSCReader.connect(to: world.readerName, service: world.service)
    try first.beginTransaction()
    #expect(try first.transmit(getChallenge).count == 10)
    try first.endTransaction()
    // The reset of one is noticed and survived by the other.
    _ = try first.reset()
    #expect(try second.transmit(getChallenge).count == 10)
    #expect {
      try PCSCReader.connect(to: world.readerName, sharing: .exclusive, service: world.service)
    } throws: { error in
      (error as? ChannelError)?.kind == .busy
    }
  }

  @Test("is found by a part of its reader's name that is nobody else's")
  func names() throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    #expect(throws: ChannelError.self) { try world.service.reader(named: "softdna") }
    #expect(throws: ChannelError.self) { try world.service.reader(named: "nowhere") }
    #expect(try world.service.reader(named: "00 01") == world.secondReaderName)
    #expect {
      try PCSCReader.connect(to: "00 01", service: world.service)
    } throws: { error in
      (error as? ChannelError)?.kind == .noCard
    }
  }

  @Test("is not the card of another world beside it, in the same process")
  func parallel() throws {
    let cards = [TestCard(), TestCard()]
    let worlds = try cards.map { try PrivateWorld.start(card: $0) }
    defer { for world in worlds { world.stop() } }
    for (number, world) in worlds.enumerated() {
      let before = cards.map(\.seen.commands)
      let reader = try PCSCReader.connect(to: world.readerName, service: world.service)
      #expect(try reader.transmit(getChallenge).count == 10)
      let after = cards.map(\.seen.commands)
      #expect(after[number] == before[number] + 1)
      #expect(after[1 - number] == before[1 - number])
    }
    worlds[0].stop()
    let reader = try PCSCReader.connect(to: worlds[1].readerName, service: worlds[1].service)
    #expect(try reader.transmit(getChallenge).count == 10)
    #expect(throws: ChannelError.self) { try worlds[0].service.readers() }
  }

  @Test("is seen by unmodified host software")
  func hostSoftware() throws {
    let world = try PrivateWorld.start(card: TestCard())
    defer { world.stop() }
    let list = try output(of: ["opensc-tool", "--list-readers"], in: world)
    #expect(list.text.contains("0    Yes             Digital DNA Key (softdna) 00 00"))
    #expect(list.text.contains("1    No              Digital DNA Key (softdna) 00 01"))
    let apdu = try output(of: ["opensc-tool", "-r", "0", "-s", "0084000008"], in: world)
    #expect(apdu.status == 0)
    #expect(apdu.text.contains("01 02 03 04 05 06 07 08"))
  }

  @Test("leaves neither process nor directory when it is stopped")
  func cleanStop() throws {
    let scratch = try ScratchDirectory()
    let world = try PrivateWorld.start(card: TestCard(), configuration: scratch.configuration)
    #expect(scratch.entries.count == 1)
    #expect(!scratch.processes.isEmpty)
    world.stop()
    world.stop()
    #expect(scratch.entries.isEmpty)
    #expect(scratch.processes.isEmpty)
  }
}

@Suite("A PC/SC daemon", .serialized)
struct PCSCServiceTests {
  @Test("that is not there is named, with its socket")
  func absent() {
    #expect {
      try PCSCService(socketPath: "/nowhere/pcscd.comm").readers()
    } throws: { error in
      "\(error)".contains("/nowhere/pcscd.comm") && "\(error)".contains("start pcscd")
    }
  }

  @Test("is reached without a trace in the environment of later children", .needsPCSCD)
  func environment() async {
    await #expect(processExitsWith: .success) {
      unsetenv("PCSCLITE_CSOCK_NAME")
      let world = try PrivateWorld.start(card: TestCard())
      #expect(getenv("PCSCLITE_CSOCK_NAME") == nil)
      #expect(PCSCService.system.socketPath == "/run/pcscd/pcscd.comm")
      world.stop()
    }
  }
}
