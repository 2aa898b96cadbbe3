import FlashTesting
import Firmware
import ISO7816
import Terminal
import Testing
import TokenHost

@Suite("A token image") struct ImageTests {
  @Test("has one owner at a time")
  func lock() throws {
    let card = try IssuedCard()
    let path = card.folder.path("token.nv")
    let error = #expect(throws: ImageError.self) { try Slot(opening: path) }
    #expect(error?.path == path)
    #expect(error?.reason.contains("uses this token") == true)
    try card.reopen()
    #expect(try card.verify("10", "12345678") == "9000")
  }

  @Test("keeps PINs, tries and files")
  func persistence() throws {
    let card = try IssuedCard()
    #expect(try card.verify("10", "00000000") == "63C2")
    #expect(try card.change("1A", "11223344", to: "99999") == "9000")
    try card.reopen()
    #expect(try card.tries("10") == "63C2")
    #expect(try card.verify("1A", "99999") == "9000")
    #expect(try card.send("00A4080C0410001003") == "9000")
    #expect(try card.send("00B0000004") == "363039309000")
  }

  @Test("can be copied into memory, and stays as it was")
  func copying() throws {
    let card = try IssuedCard()
    let path = card.folder.path("token.nv")
    // Not while somebody may be writing it.
    let error = #expect(throws: ImageError.self) { try Slot(copying: path) }
    #expect(error?.isDamage == false)
    card.close()
    let before = try card.folder.read("token.nv")
    // Until nobody has it: see `openingPatiently`.
    _ = try Slot.openingPatiently(path)
    let copies = try (0..<2).map { _ in try Slot(copying: path) }
    for copy in copies {
      _ = try copy.powerOn()
      #expect(
        try copy.transmit([0x00, 0x20, 0x00, 0x10, 0x08] + Array("00000000".utf8)) == [0x63, 0xC2])
      #expect(copy.differs(from: path))
    }
    #expect(try card.folder.read("token.nv") == before)
    try card.reopen()
    #expect(try card.tries("10") == "63C3")
  }

  @Test("lasts for many more changes than a half holds")
  func compaction() throws {
    let card = try IssuedCard()
    for round in 0..<700 {
      #expect(
        try card.change(
          "10", round == 0 ? "12345678" : "\(11_110 + round)", to: "\(11_111 + round)") == "9000")
    }
    try card.reopen()
    #expect(try card.verify("10", "11810") == "9000")
  }

  @Test("is not made over another one, and leaves nothing but itself")
  func creation() throws {
    let folder = try TemporaryFolder()
    let path = folder.path("token.nv")
    do {
      let slot = try Slot(manufacturing: IssuedImage.identity, at: path)
      #expect(try slot.powerOn() == Persona.current.atr)
    }
    #expect(try folder.names == ["token.nv"])
    let before = try folder.read("token.nv")
    #expect(before.count == 131_072)
    #expect(throws: ImageError.self) {
      try Slot(manufacturing: IssuedImage.identity, at: path)
    }
    #expect(try folder.read("token.nv") == before)
  }

  @Test("that is damaged is refused and left as it is")
  func damage() throws {
    let folder = try TemporaryFolder()
    let sound = try IssuedImage.get().bytes
    var bits = SeededBits(4)
    let used = sound.indices.filter { sound[$0] != 0xFF }
    for round in 0..<60 {
      var bytes = sound
      bytes[used[Int(bits.next() % UInt64(used.count - 200))]] ^= 1 << UInt8(bits.next() % 8)
      let name = "damaged-\(round).nv"
      try folder.write(bytes, name)
      let error = #expect(throws: ImageError.self) { try Slot(opening: folder.path(name)) }
      #expect(error?.reason.hasSuffix("it was left as it is") == true)
      #expect(try folder.read(name) == bytes)
    }
  }

  @Test("of which the last page of the log was zeroed is refused and left as it is")
  func zeroedPage() throws {
    let folder = try TemporaryFolder()
    let sound = try IssuedImage.get().bytes
    let last = try #require(sound.lastIndex { $0 != 0xFF })
    var bytes = sound
    for address in last / 4096 * 4096..<(last / 4096 + 1) * 4096 { bytes[address] = 0 }
    try folder.write(bytes, "zeroed.nv")
    let error = #expect(throws: ImageError.self) { try Slot(opening: folder.path("zeroed.nv")) }
    #expect(error?.reason.hasSuffix("it was left as it is") == true)
    #expect(try folder.read("zeroed.nv") == bytes)
  }

  @Test("of another size, blank, foreign or missing is refused for what it is")
  func foreign() throws {
    let folder = try TemporaryFolder()
    let sound = try IssuedImage.get().bytes
    for (bytes, reason) in [
      (Array(sound.dropLast()), "131071 bytes"), (sound + [0], "131073 bytes"), ([], "0 bytes"),
      ([UInt8](repeating: 0xFF, count: 131_072), "erased"),
      ([UInt8](repeating: 0x00, count: 131_072), "neither half"),
    ] as [([UInt8], String)] {
      try folder.write(bytes, "foreign.nv")
      let error = #expect(throws: ImageError.self) { try Slot(opening: folder.path("foreign.nv")) }
      #expect(error?.reason.contains(reason) == true, "\(reason)")
      #expect(try folder.read("foreign.nv") == bytes)
    }
    let error = #expect(throws: ImageError.self) { try Slot(opening: folder.path("missing.nv")) }
    #expect(error?.reason.contains("No such file") == true)
  }
}

@Suite("Personas") struct PersonaTests {
  @Test(
    "have the ATRs that hosts know, with a correct TCK",
    arguments: [
      (Persona.current, "3BFF1800008131FE45006B150C0302010101434E5311318060"),
      (.cosmoV9, "3BFF1800008131FE45006B05052000012101434E5311318078"),
      (.jsign3, "3BFF1800008131FE55006B02090603010101434E5311318066"),
    ])
  func atrs(persona: Persona, text: String) throws {
    let slot = Slot(
      volatile: ChipIdentity(
        persona: persona, serial: [0, 0, 0, 0, 0, 0, 0, 1],
        transportKey: IssuedImage.transportKey))
    let atr = try slot.powerOn()
    #expect(Hex.text(atr.bytes) == text)
    #expect(atr.hasCorrectTCK)
    #expect(atr.historicalBytes.count == 15)
    #expect(slot.persona == persona)
    #expect(try slot.reset() == atr)
  }
}
