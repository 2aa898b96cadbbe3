import Cryptography
import Firmware
import ISO7816
import Terminal
import TokenHost

@testable import Issuance

/// Who may do what: every object of an issued card, every command on it, every security status.
///
/// What each cell should say is worked out from the access bytes the card holds; what it does say
/// is asked of the card.
struct AccessMatrix {
  /// Who is verified, and while what.
  struct Status {
    let name: String
    let state: LifeCycle
    /// The object that is verified; nil for nobody.
    let verified: UInt8?

    /// A rule is met by whoever it names, or by everybody.
    func meets(_ rule: UInt8) -> Bool { rule == 0x00 || (rule != 0xFF && rule == verified) }

    /// While the card is being built the issuer stands for every rule of administration.
    func administers(_ rule: UInt8) -> Bool {
      state == .operational ? meets(rule) : verified == CardLayout.issuer
    }
  }

  /// One line: a command on an object.
  struct Row {
    let object: String
    let command: String
    let expected: (Status) -> StatusWord
    let send: (CardSession) throws -> StatusWord
  }

  static let statuses = [
    Status(name: "nobody", state: .operational, verified: nil),
    Status(name: "PIN 10", state: .operational, verified: 0x10),
    Status(name: "PUK 11", state: .operational, verified: 0x11),
    Status(name: "PIN 1A", state: .operational, verified: 0x1A),
    Status(name: "PUK 1B", state: .operational, verified: 0x1B),
    Status(name: "issuer", state: .operational, verified: CardLayout.issuer),
    Status(name: "nobody", state: .personalised, verified: nil),
    Status(name: "PIN 1A", state: .personalised, verified: 0x1A),
    Status(name: "issuer", state: .personalised, verified: CardLayout.issuer),
  ]

  let rows: [Row]

  /// The matrix of a card with these contents.
  init(_ inventory: Inventory) {
    rows =
      Self.ofCard + inventory.files.flatMap { Self.rows(of: $0, in: inventory) }
      + inventory.objects.flatMap { Self.rows(of: $0) }
  }

  // MARK: Cells

  /// Met or not met, and what then.
  private static func ruled(
    _ rule: UInt8, orElse refusal: StatusWord = .securityStatusNotSatisfied,
    then success: StatusWord = .success
  ) -> (Status) -> StatusWord {
    { $0.meets(rule) ? success : refusal }
  }

  private static func administered(_ rule: UInt8, then success: StatusWord = .success)
    -> (Status) -> StatusWord
  {
    { $0.administers(rule) ? success : .securityStatusNotSatisfied }
  }

  /// Creating and deleting ended with initialisation, until the card is in use.
  private static func created(_ rule: UInt8, then success: StatusWord = .success)
    -> (Status) -> StatusWord
  {
    { status in
      guard status.state == .operational else { return .conditionsOfUseNotSatisfied }
      return status.meets(rule) ? success : .securityStatusNotSatisfied
    }
  }

  private static func apdu(_ hex: String) -> (CardSession) throws -> StatusWord {
    { try $0.complete(Hex.bytes(hex) ?? []).status }
  }

  // MARK: Rows

  private static var ofCard: [Row] {
    [
      Row(
        object: "card", command: "GET CHALLENGE", expected: { _ in .success },
        send: apdu("0084000008")),
      Row(
        object: "card", command: "GET DATA 0183", expected: { _ in .success },
        send: apdu("00CA018300")),
      Row(
        object: "card", command: "PUT DATA 0183 (terminate)", expected: ruled(CardLayout.issuer),
        send: apdu("00DA0183010C")),
    ]
  }

  private static func rows(of file: Inventory.File, in inventory: Inventory) -> [Row] {
    let path = CardPath(inventory.path(of: file.number))
    let isMaster = path.identifiers.isEmpty
    let isDirectory = file.structure == .dedicated
    let name = fileName(path)
    func row(_ command: String, _ expected: @escaping (Status) -> StatusWord, _ hex: String) -> Row
    {
      Row(object: name, command: command, expected: expected) { session in
        try session.select(path)
        return try apdu(hex)(session)
      }
    }
    let isUsed = isDirectory && inventory.files.contains { $0.parent == file.number }
    let access = file.access
    var rows = [
      Row(object: name, command: "SELECT", expected: { _ in .success }) { session in
        try session.select(path)
        return .success
      }
    ]
    if isDirectory {
      let access9 = "8609" + String(repeating: "00", count: 9)
      rows += [
        row(
          "CREATE FILE", created(access[7]), "00E000001A6218 80020001 8203010000 83027777" + access9
        ),
        row(
          "PUT DATA 016E (new PIN)", created(access[6]),
          "00DA016E23 8302001C 8508020387 03FF000005" + access9 + "8F083132333435363738"),
      ]
    } else {
      rows += [
        row("READ BINARY", ruled(access[0]), "00B0000001"),
        row("UPDATE BINARY", administered(access[1]), "00D600000100"),
      ]
    }
    if isMaster {
      rows.append(
        row("PUT DATA 016D (environment)", created(access[6]), "00DA016D08 830107 8F03000000"))
    }
    rows += [
      row(
        "DEACTIVATE FILE",
        administered(access[3], then: isMaster ? .conditionsOfUseNotSatisfied : .success),
        "00040000"),
      row("ACTIVATE FILE", administered(access[4]), "00440000"),
      row(
        isDirectory ? "TERMINATE DF" : "TERMINATE EF", administered(access[6]),
        isDirectory ? "00E60000" : "00E80000"),
      row(
        "DELETE FILE",
        isMaster
          ? { _ in .conditionsOfUseNotSatisfied }
          : created(access[5], then: isUsed ? .conditionsOfUseNotSatisfied : .success), "00E40000"),
      row(
        "PUT DATA 016F (rules)", created(access[6]),
        "00DA016F0B8609" + String(repeating: "00", count: 9)),
    ]
    return rows
  }

  private static func rows(of object: Inventory.Object) -> [Row] {
    switch object.kind {
    case .reference: rowsOfCode(object)
    case .authentication: rowsOfTransportKey(object)
    case .privateKey: rowsOfKey(object)
    }
  }

  private static func rowsOfCode(_ object: Inventory.Object) -> [Row] {
    let identifier = Hex.text([object.identifier])
    let codes = IssuedImage.codes
    let values: [UInt8: String] = [
      0x10: codes.pin, 0x11: codes.puk, 0x1A: codes.signaturePIN, 0x1B: codes.signaturePUK,
    ]
    let value = Hex.text(CardSession.padded(values[object.identifier] ?? ""))
    let unblocking = Hex.text(CardSession.padded(values[object.access[2]] ?? ""))
    let new = "3535353535353535"
    let (change, unblock) = (object.access[1], object.access[2])
    let name = (object.access[2] == 0xFF ? "PUK " : "PIN ") + identifier
    // Who knows the old value, or the PUK, needs no other right.
    let byOldValue: (Status) -> StatusWord = {
      change == object.identifier || $0.meets(change) ? .success : .securityStatusNotSatisfied
    }
    let byPUK: (Status) -> StatusWord = { _ in
      unblock == 0xFF ? .securityStatusNotSatisfied : .success
    }
    return [
      ("VERIFY (right)", { _ in .success }, "002000\(identifier)08\(value)"),
      ("CHANGE REFERENCE DATA (old, new)", byOldValue, "002400\(identifier)10\(value)\(new)"),
      ("CHANGE REFERENCE DATA (new)", ruled(change), "002401\(identifier)08\(new)"),
      ("RESET RETRY COUNTER (PUK, new)", byPUK, "002C00\(identifier)10\(unblocking)\(new)"),
      ("RESET RETRY COUNTER (PUK)", byPUK, "002C01\(identifier)08\(unblocking)"),
      ("RESET RETRY COUNTER (new)", ruled(unblock), "002C02\(identifier)08\(new)"),
      ("RESET RETRY COUNTER ()", ruled(unblock), "002C03\(identifier)"),
    ].map { Row(object: name, command: $0.0, expected: $0.1, send: apdu($0.2)) }
  }

  private static func rowsOfTransportKey(_ object: Inventory.Object) -> [Row] {
    let name = "transport key " + Hex.text([object.identifier])
    return [
      Row(object: name, command: "EXTERNAL AUTHENTICATE (right)", expected: { _ in .success }) {
        try CardIssuer($0).authenticate(transportKey: IssuedImage.transportKey)
        return .success
      },
      Row(
        object: name, command: "CHANGE KEY DATA", expected: ruled(CardLayout.issuer),
        send: apdu("9024001F10" + String(repeating: "11", count: 16))),
    ]
  }

  private static func rowsOfKey(_ object: Inventory.Object) -> [Row] {
    let identifier = Hex.text([object.identifier])
    let block = [UInt8](repeating: 0, count: 255) + [2]
    func used(_ command: String, _ component: UInt8, _ apdu: [UInt8]) -> Row {
      Row(object: "key " + identifier, command: command, expected: ruled(object.access[0])) {
        let chosen = [0x00, 0x22, 0xF1, component, 0x03, 0x83, 0x01, object.identifier]
        _ = try $0.complete(chosen)
        return try $0.complete(apdu).status
      }
    }
    let slot = object.identifier == KeySlot.signature.key ? KeySlot.signature : .authentication
    return [
      used(
        "COMPUTE DIGITAL SIGNATURE", 0xB6,
        CommandAPDU.bytes(ins: 0x2A, p1: 0x9E, p2: 0x9A, data: block, ne: 65_536)),
      used(
        "DECIPHER", 0xB8,
        CommandAPDU.bytes(ins: 0x2A, p1: 0x80, p2: 0x86, data: [0] + block, ne: 65_536)),
      used("INTERNAL AUTHENTICATE", 0xA4, CommandAPDU.bytes(ins: 0x88, data: [1, 2], ne: 256)),
      Row(
        object: "key " + identifier, command: "GENERATE ASYMMETRIC KEY PAIR",
        expected: administered(object.access[6])
      ) {
        do throws(CardError) { _ = try CardIssuer($0).generateKey(slot) } catch {
          return error.status ?? .noPreciseDiagnosis
        }
        return .success
      },
      Row(
        object: "key " + identifier, command: "read the public key", expected: { _ in .success },
        send: apdu("004681\(identifier)00")),
      Row(
        object: "key " + identifier, command: "PUT DATA 016E (overwrite)",
        expected: created(CardLayout.issuer, then: .fileAlreadyExists),
        send: apdu(
          "00DA016E1D 830220\(identifier) 8508 02000C00FF000000 8609 00FFFFFFFFFFFFFFFF 8F020800")),
    ]
  }

  // MARK: Names and text

  private static func fileName(_ path: CardPath) -> String {
    let digits = path.identifiers.map { Hex.text([UInt8($0 >> 8), UInt8($0 & 0xFF)]) }
    var nodes = CardLayout.tree
    var name = path.identifiers.isEmpty ? "MF" : path.identifiers == [0x2F02] ? "EF.GDO" : ""
    for identifier in path.identifiers {
      for node in nodes {
        switch node {
        case .directory(identifier, let found, let children): (name, nodes) = (found, children)
        case .file(identifier, let found, _, _): name = found
        default: continue
        }
        break
      }
    }
    return (["3F00"] + digits).joined(separator: "/") + " " + name
  }

  /// The matrix as it stands in the documentation.
  var text: String {
    var lines = [
      "# Access matrix", "",
      "Who may do what on an issued card: every object, every command on it, every security status,"
        + " and the status word that answers. Worked out from the access bytes of an issued card by"
        + " `Tests/TokenHostTests/AccessMatrix.swift`, and asked of a running token cell by cell by"
        + " the tests. Write it anew with `make access-matrix`.", "",
      "*Operational*: in the holder's hands. *Personalised*: the issuer is writing keys and contents."
        + " A PIN or PUK column is that code verified and nothing else. Commands carry right"
        + " data: a wrong code answers `63Cx`. Other states of the card's life allow fewer commands"
        + " (`Instruction.permittedStates`).", "",
      "| object | command | "
        + Self.statuses.map { "\($0.state): \($0.name)" }.joined(separator: " | ")
        + " |",
      "|---|---|" + String(repeating: "---|", count: Self.statuses.count),
    ]
    for row in rows {
      let cells = Self.statuses.map {
        "`" + Hex.text([row.expected($0).sw1, row.expected($0).sw2]) + "`"
      }
      lines.append("| \(row.object) | \(row.command) | " + cells.joined(separator: " | ") + " |")
    }
    return lines.joined(separator: "\n") + "\n"
  }
}
