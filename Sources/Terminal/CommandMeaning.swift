public import ISO7816

extension CommandAPDU {
  /// What a command APDU asks for, in words: "READ BINARY, 255 bytes from 0100". PINs are not shown.
  public static func meaning(of bytes: [UInt8]) -> String {
    let command: CommandAPDU
    do throws(StatusWord) { command = try CommandAPDU(parsing: bytes.span) } catch {
      return "not a command APDU (\(bytes.count) bytes whose lengths contradict each other)"
    }
    let data = Array(bytes[command.data])
    var words = command.name(data)
    if command.isChained { words += ", to be continued" }
    return words
  }

  private func name(_ data: [UInt8]) -> String {
    let bytes = data.isEmpty ? "" : ", \(data.count) bytes"
    let expected = ne.map { ", \($0) bytes" } ?? ""
    let offset = Hex.text([p1, p2])
    if Self.usesSecureMessaging(class: cla) {
      return "\(standardName) \(offset) under secure messaging\(bytes)"
    }
    switch ins {
    case 0xA4: return "SELECT \(selection(data))"
    case 0xB0: return "READ BINARY\(expected) from \(offset)"
    case 0xD6: return "UPDATE BINARY\(bytes) at \(offset)"
    case 0xB2: return "READ RECORD \(p1)"
    case 0xDC: return "UPDATE RECORD \(p1)\(bytes)"
    case 0xE2: return "APPEND RECORD\(bytes)"
    case 0x20:
      let reference = Self.referenceName(p2)
      return data.isEmpty ? "VERIFY \(reference): how many tries?" : "VERIFY \(reference)"
    case 0x24 where cla & 0x80 != 0: return "CHANGE KEY DATA \(Hex.text([p2 & 0x1F]))"
    case 0x24: return "CHANGE REFERENCE DATA \(Self.referenceName(p2))"
    case 0x2C: return "RESET RETRY COUNTER \(Self.referenceName(p2))"
    case 0x84: return "GET CHALLENGE\(expected)"
    case 0x82: return "EXTERNAL AUTHENTICATE with \(Hex.text([p2 & 0x1F]))"
    case 0x88: return "INTERNAL AUTHENTICATE"
    case 0x22:
      return p1 == 0xF3
        ? "MANAGE SECURITY ENVIRONMENT: RESTORE \(Hex.text([p2]))"
        : "MANAGE SECURITY ENVIRONMENT: SET \(Hex.text([p2])) \(Hex.text(data))"
    case 0x2A:
      switch (p1, p2) {
      case (0x9E, 0x9A): return "PSO: COMPUTE DIGITAL SIGNATURE\(bytes)"
      case (0x80, 0x86): return "PSO: DECIPHER\(bytes)"
      default: return "PERFORM SECURITY OPERATION \(Hex.text([p1, p2]))\(bytes)"
      }
    case 0x46 where p1 == 0x81:
      return "GENERATE ASYMMETRIC KEY PAIR \(Hex.text([p2])): the public key there is"
    case 0x46, 0x47: return "GENERATE ASYMMETRIC KEY PAIR \(Hex.text([p2]))"
    case 0xC0: return "GET RESPONSE\(expected)"
    case 0xCA: return "GET DATA \(offset)"
    case 0xDA: return "PUT DATA \(offset)\(bytes)"
    case 0xE0: return "CREATE FILE\(bytes)"
    case 0xE4: return "DELETE FILE"
    case 0x04: return "DEACTIVATE FILE"
    case 0x44: return "ACTIVATE FILE"
    case 0xE6: return "TERMINATE DF"
    case 0xE8: return "TERMINATE EF"
    default: return standardName + bytes
    }
  }

  /// The standard's name, also for what this card does not have; classes from 80 on have their own
  /// instructions.
  private var standardName: String {
    guard cla & 0x80 == 0 else {
      return "instruction \(Hex.text([ins])) of the proprietary class \(Hex.text([cla]))"
    }
    return Self.standardInstruction(ins)?.name ?? "unknown instruction \(Hex.text([ins]))"
  }

  private func selection(_ data: [UInt8]) -> String {
    switch p1 {
    case 0x03: "the parent directory"
    case 0x04: "application \(Hex.text(data))"
    case 0x08: "3F00\(data.isEmpty ? "" : "/" + Self.path(data))"
    case 0x09: "./\(Self.path(data))"
    default: data.isEmpty ? "the master file" : Self.path(data)
    }
  }

  private static func path(_ data: [UInt8]) -> String {
    stride(from: 0, to: data.count, by: 2)
      .map { Hex.text(data[$0..<min($0 + 2, data.count)]) }
      .joined(separator: "/")
  }

  private static func referenceName(_ p2: UInt8) -> String {
    switch p2 & 0x1F {
    case 0x10: "PIN (CNS)"
    case 0x11: "PUK (CNS)"
    case 0x1A: "PIN (signature)"
    case 0x1B: "PUK (signature)"
    default: "reference \(Hex.text([p2]))"
    }
  }
}
