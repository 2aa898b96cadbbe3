import ISO7816
import Testing

@Suite("SELECT") struct SelectTests {
  @Test(
    "finds what it names, in every form of P1",
    arguments: [
      ("00A4000C023F00", "3F00"), ("00A4000C", "3F00"), ("00A4000C021100", "1100"),
      ("00A4000C022F02", "2F02"), ("00A4010C021400", "1400"), ("00A4020C022F02", "2F02"),
      ("00A4030C", "3F00"), ("00A4080C021100", "1100"), ("00A4080C0411001102", "1102"),
      ("00A4080C063F0011001102", "1102"), ("00A4080C0614008110801000", "8010"),
      ("00A4090C0410001003", "1003"), ("00A4040C0CA000000530000B104001011B", "3F00"),
      ("00A4040C05A000000530", "3F00"),
    ])
  func forms(command: String, identifier: String) throws {
    let card = try IssuedCard()
    #expect(try card.send(command) == "9000")
    #expect(try selected(card) == identifier)
  }

  /// The identifier of the current file or directory.
  private func selected(_ card: IssuedCard) throws -> String {
    // An elementary file is current where READ BINARY says something else than 6986.
    let hasFile = try card.send("00B0000001") != "6986"
    guard hasFile else {
      // Without an elementary file the current directory answers by its own identifier.
      for identifier in ["3F00", "1000", "1100", "1200", "1400", "8110"] {
        let inside = ["1000": "1003", "1100": "1102", "1200": "1203", "1400": "9010"]
        if let file = inside[identifier], try card.send("00A4020C02\(file)") == "9000" {
          return identifier
        }
      }
      if try card.send("00A4020C028010") == "9000" { return "8110" }
      return try card.send("00A4020C022F02") == "9000" ? "3F00" : "nothing"
    }
    for identifier in ["2F02", "1003", "1102", "8010", "9010", "1101"]
    where try card.send("00A4020C02\(identifier)") == "9000" { return identifier }
    return "nothing"
  }

  @Test("goes up, to siblings and to the parent by identifier")
  func relatives() throws {
    let card = try IssuedCard()
    #expect(try card.send("00A4080C0414008110") == "9000")
    #expect(try card.send("00A4020C028010") == "9000")
    #expect(try card.send("00A4030C") == "9000")
    #expect(try card.send("00A4020C029010") == "9000")
    #expect(try card.send("00A4000C021100") == "9000")
    #expect(try card.send("00A4020C021102") == "9000")
    #expect(try card.send("00A4090C021101") == "9000")
    #expect(try card.send("00A4000C023F00") == "9000")
    #expect(try card.send("00A4010C022F02") == "6A82")
    #expect(try card.send("00A4020C021100") == "6A82")
  }

  @Test("answers control information, control parameters or nothing")
  func answers() throws {
    let card = try IssuedCard()
    let file = "80020190" + "8203010000" + "83021102" + "850110"
    let rules = "860900FFFFFFFFFFFFFFFF" + "8A0105"
    #expect(try card.send("00A408000411001102 00") == "6F1E" + file + rules + "9000")
    #expect(try card.send("00A408040411001102 00") == "621E" + file + rules + "9000")
    #expect(try card.send("00A4080C0411001102 00") == "9000")
    #expect(try card.send("00A40804042FFF8228 00") == "6A82")
    #expect(
      try card.send("00A40804021100 00")
        == "621A" + "8203380000" + "83021100" + "850110" + "8609FFFFFFFFFFFF1F1FFF" + "8A0105"
        + "9000")
    let name = "840CA000000530000B104001011B"
    #expect(
      try card.send("00A40004023F00 00")
        == "6228" + "8203380000" + "83023F00" + name + "850110" + "8609FFFFFFFFFFFF1F1FFF"
        + "8A0105" + "9000")
  }

  @Test("tells the exact size of every file")
  func sizes() throws {
    let card = try IssuedCard()
    for (path, size) in [
      ("2F02", 10), ("10001002", 54), ("10001003", 16), ("11001101", 2048), ("11001102", 400),
      ("12001202", 2), ("14009010", 2048), ("140081108010", 270),
    ] {
      let length = Hex.text([UInt8(path.count / 2)])
      let answer = try card.send("00A40804\(length)\(path)00")
      #expect(
        answer.dropFirst(4).hasPrefix("8002" + Hex.text([UInt8(size >> 8), UInt8(size & 255)])))
      let last = Hex.text([UInt8((size - 1) >> 8), UInt8((size - 1) & 255)])
      let behind = Hex.text([UInt8(size >> 8), UInt8(size & 255)])
      #expect(try card.send("00B0\(last)01").count == 6)
      #expect(try card.send("00B0\(behind)01") == "6B00")
    }
  }

  @Test(
    "that fails leaves the selection as it is",
    arguments: [
      ("00A4080C0411001199", "6A82"), ("00A4080C03110011", "6700"), ("00A4080C", "6700"),
      ("00A4000C0111", "6700"), ("00A4000C029999", "6A82"), ("00A4040C06A00000000101", "6A82"),
      ("00A4040C04A0000005", "6A82"), ("00A4050C023F00", "6A86"), ("00A40008023F00", "6A86"),
      ("00A40002023F00", "6A86"), ("00A4030C023F00", "6700"), ("00A4090C021100", "6A82"),
      ("10A4000C023F00", "6884"), ("00A4040C11" + String(repeating: "A0", count: 17), "6700"),
    ])
  func failures(command: String, status: String) throws {
    let card = try IssuedCard()
    #expect(try card.send("00A4080C0410001003") == "9000")
    #expect(try card.send(command) == status)
    #expect(try card.send("00B0000004") == "363039309000")
    #expect(try card.send("00A4020C021002") == "9000")
  }

  @Test(
    "of other cards' applications and files finds nothing",
    arguments: [
      "00A4040007627601FF000000", "00A4040006A00000000101", "00A404000BE82B0601040181C31F020100",
      "00A4040C0FD23300000045737445494420763335", "00A4040009A0000003080000100000",
      "00A4040C07A000000116DB0000", "00A4040C07A000000079100000", "00A4040C07A000000079010000",
      "00A4040C07A000000079010F00", "00A40800022F0000", "00A4080C025015", "00A40800025031 00",
      "00A4080C042FFF8228", "00A4080C06140090012002",
    ])
  func foreign(command: String) throws {
    let card = try IssuedCard()
    #expect(try card.send(command) == "6A82")
    // The other probes of foreign drivers.
    #expect(try card.send("00CADF3005") == "6A88")
    #expect(try card.send("00CB3FFF035C017E08") == "6D00")
  }
}
