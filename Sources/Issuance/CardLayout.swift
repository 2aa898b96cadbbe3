public import Terminal

/// The file system and the objects of a CNS card, as the issuer creates them.
///
/// The tree follows the CNS file system; sizes that no public source gives are this project's.
enum CardLayout {
  /// When an operation is allowed: `00` always, `FF` never, or the object that must be verified.
  typealias Rule = UInt8
  static let always: Rule = 0x00
  static let never: Rule = 0xFF
  /// The issuer's transport key.
  static let issuer: Rule = 0x1F

  /// A file in the tree.
  indirect enum Node {
    case directory(UInt16, String, [Node])
    case file(UInt16, String, size: Int, update: Rule)
  }

  /// EF.GDO (2F02) is the chip's own and is there before.
  static let tree: [Node] = [
    .file(0x2F01, "EF.ATR", size: 33, update: never),
    .file(0x3F01, "EF_KeyPub", size: publicKeySize, update: issuer),
    .file(0x3F02, "EF_CardStatus", size: 2, update: issuer),
    .file(0x0405, "EF_RootInstFile", size: 128, update: issuer),
    .directory(
      0x1000, "DF0",
      [
        .file(0x1002, "EF_DatiProcessore", size: 54, update: never),
        .file(0x1003, "EF_IDCarta", size: 16, update: never),
      ]),
    .directory(
      0x1100, "DF1",
      [
        .file(0x1101, "EF_C_Carta", size: certificateSize, update: issuer),
        .file(0x1102, "EF_DatiPersonali", size: personalDataSize, update: never),
      ]),
    .directory(
      0x1200, "DF2",
      [
        .file(0x1201, "EF_DatiPersonaliAggiuntivi", size: 256, update: issuer),
        .file(0x1202, "EF_MemoriaResidua", size: 2, update: issuer),
        .file(0x1203, "EF_ServiziInstallati", size: 160, update: issuer),
        .file(0x4142, "EF_INST_FILE", size: 128, update: issuer),
      ]),
    .directory(
      0x1400, "DF_DS",
      [
        .file(0x9010, "EF_C_DS", size: certificateSize, update: issuer),
        .directory(
          0x8110, "DF_DS_Key",
          [.file(0x8010, "EF_KeyPub_DS", size: publicKeySize, update: issuer)]),
      ]),
  ]

  /// Room for a certificate in DER, padded with zeros.
  static let certificateSize = 2048
  /// EF_DatiPersonali on real cards.
  static let personalDataSize = 400
  /// An RSAPublicKey with a modulus of 2048 bits and the exponent 65537.
  static let publicKeySize = 270

  static let cardIdentifier: CardPath = [0x1000, 0x1003]
  static let processorData: CardPath = [0x1000, 0x1002]
  static let personalData: CardPath = [0x1100, 0x1102]
  static let installedServices: CardPath = [0x1200, 0x1203]
}

/// One of the two keys of a token, with everything that belongs to it.
public struct KeySlot: Sendable {
  /// Identifier of the private key.
  public let key: UInt8
  /// Identifier of the PIN that guards it.
  public let pin: UInt8
  /// Identifier of the PUK that unblocks the PIN.
  public let puk: UInt8
  /// Where the certificate is.
  public let certificate: CardPath
  /// The directory the public key's file is in.
  public let keyDirectory: CardPath
  /// The public key's file.
  public let publicKeyFile: UInt16

  /// CNS authentication: key 01, PIN 10, PUK 11.
  public static let authentication = KeySlot(
    key: 0x01, pin: 0x10, puk: 0x11, certificate: [0x1100, 0x1101], keyDirectory: [],
    publicKeyFile: 0x3F01)
  /// Qualified signature: key 10, PIN 1A, PUK 1B.
  public static let signature = KeySlot(
    key: 0x10, pin: 0x1A, puk: 0x1B, certificate: [0x1400, 0x9010],
    keyDirectory: [0x1400, 0x8110], publicKeyFile: 0x8010)
}
