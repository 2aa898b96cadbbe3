import ISO7816

/// The files of a CNS card by their identifiers from the master file down, as the CNS file system
/// names them; the sizes and rules are those of tokens this project issues.
public struct CardFile: Equatable, Sendable {
  /// What the file is called.
  public let name: String
  /// It is a directory.
  public let isDirectory: Bool
  /// Bytes in it; nil for directories.
  public let size: Int?
  /// Who may update it: `00` everybody, `FF` nobody, else the object that must be verified.
  public let update: UInt8
  /// What is in it differs from card to card: numbers, names, keys, certificates.
  public let isPersonal: Bool

  private init(_ name: String, _ size: Int?, _ update: UInt8, isPersonal: Bool = false) {
    self.name = name
    self.size = size
    self.update = update
    self.isPersonal = isPersonal
    isDirectory = size == nil
  }

  /// The file at a path, where the CNS file system has one.
  public static func at(_ path: [UInt16]) -> CardFile? { known[path] }

  /// Every file the CNS file system names.
  public static let known: [[UInt16]: CardFile] = [
    []: CardFile("MF", nil, never),
    [0x2F00]: CardFile("EF.DIR", 0, never),
    [0x2F01]: CardFile("EF.ATR", 33, never),
    [0x2F02]: CardFile("EF.GDO", 10, never, isPersonal: true),
    [0x3F01]: CardFile("EF_KeyPub", 270, issuer, isPersonal: true),
    [0x3F02]: CardFile("EF_CardStatus", 2, issuer),
    [0x0405]: CardFile("EF_RootInstFile", 128, issuer),
    [0x1000]: CardFile("DF0", nil, never),
    [0x1000, 0x1002]: CardFile("EF_DatiProcessore", 54, never, isPersonal: true),
    [0x1000, 0x1003]: CardFile("EF_IDCarta", 16, never, isPersonal: true),
    [0x1100]: CardFile("DF1", nil, never),
    [0x1100, 0x1101]: CardFile("EF_C_Carta", 2048, issuer, isPersonal: true),
    [0x1100, 0x1102]: CardFile("EF_DatiPersonali", 400, never, isPersonal: true),
    [0x1200]: CardFile("DF2", nil, never),
    [0x1200, 0x1201]: CardFile("EF_DatiPersonaliAggiuntivi", 256, issuer, isPersonal: true),
    [0x1200, 0x1202]: CardFile("EF_MemoriaResidua", 2, issuer),
    [0x1200, 0x1203]: CardFile("EF_ServiziInstallati", 160, issuer),
    [0x1200, 0x4142]: CardFile("EF_INST_FILE", 128, issuer),
    [0x1400]: CardFile("DF_DS", nil, never),
    [0x1400, 0x9010]: CardFile("EF_C_DS", 2048, issuer, isPersonal: true),
    [0x1400, 0x8110]: CardFile("DF_DS_Key", nil, never),
    [0x1400, 0x8110, 0x8010]: CardFile("EF_KeyPub_DS", 270, issuer, isPersonal: true),
  ]

  private static let never: UInt8 = 0xFF
  /// The issuer's transport key.
  static let issuer: UInt8 = 0x1F
}

/// Names of what commands refer to.
enum CardNames {
  /// A path as people write it, with the file's name where it has one.
  static func file(_ path: [UInt16]) -> String {
    let text = (["3F00"] + path.map(identifier)).joined(separator: "/")
    return CardFile.at(path).map { "\($0.name) (\(text))" } ?? text
  }

  /// The short name, or the path where there is none.
  static func short(_ path: [UInt16]) -> String { CardFile.at(path)?.name ?? file(path) }

  /// Four hexadecimal digits.
  static func identifier(_ identifier: UInt16) -> String {
    Hex.text([UInt8(identifier >> 8), UInt8(identifier & 0xFF)])
  }

  /// What a PIN, PUK or key for EXTERNAL AUTHENTICATE is called.
  static func reference(_ identifier: UInt8) -> String {
    switch identifier & 0x1F {
    case 0x10: "PIN (CNS)"
    case 0x11: "PUK (CNS)"
    case 0x1A: "PIN (signature)"
    case 0x1B: "PUK (signature)"
    case CardFile.issuer: "the issuer's transport key"
    default: "object \(Hex.text([identifier & 0x1F]))"
    }
  }

  /// What a private key is called.
  static func key(_ identifier: UInt8) -> String {
    switch identifier & 0x1F {
    case 0x01: "the CNS key (01)"
    case 0x10: "the signature key (10)"
    default: "key \(Hex.text([identifier & 0x1F]))"
    }
  }

  /// The PIN that opens a private key, on tokens this project issues.
  static func pin(ofKey identifier: UInt8) -> UInt8? {
    switch identifier & 0x1F {
    case 0x01: 0x10
    case 0x10: 0x1A
    default: nil
    }
  }

  /// Whose application an AID is, for the ones hosts ask every card for.
  static func application(_ name: [UInt8]) -> String? {
    let text = Hex.text(name)
    return applications.first { text.hasPrefix($0.aid) }?.name
  }

  private static let applications: [(aid: String, name: String)] = [
    ("627601FF0000", "CoolKey"), ("A00000000101", "MUSCLE"),
    ("E82B0601040181C31F02", "SmartCard-HSM"),
    ("D23300000045737445494420", "EstEID"), ("A000000308", "PIV"), ("A000000116DB00", "CAC"),
    ("A0000000790", "CAC"), ("A000000079", "CAC"), ("A000000063504B43532D3135", "PKCS #15"),
    ("A000000530000B10400101", "CNS"), ("D27600012401", "OpenPGP"), ("A0000002471001", "IAS"),
    ("A0000001510000", "GlobalPlatform"), ("A000000647", "FIDO"),
  ]
}
