import CCrypto
import Cryptography

/// The contents of EF_DatiPersonali and the name that the CNS certificate makes of them.
public enum PersonalData {
  /// The card file's size in bytes (CNS File System: EF_DatiPersonali 3F00/1100/1102).
  public static let capacity = 400

  /// The file's meaningful part, without the padding: six ASCII hex digits for the length of what
  /// follows, then 16 fields, each two ASCII hex digits of length and its bytes (UTF-8). Days are
  /// `DDMMYYYY`; fields nobody registers (height, country and act of birth, notes) are empty.
  ///
  /// - Throws: rule `field` where one field exceeds 255 bytes or all together exceed `capacity`.
  public static func encode(
    _ holder: Holder, issuerCode: String, issueDate: Day, expiryDate: Day
  ) throws(AuthorityError) -> [UInt8] {
    let fields = [
      ("issuerCode", issuerCode), ("issueDate", issueDate.dayMonthYear),
      ("expiryDate", expiryDate.dayMonthYear), ("surname", holder.surname),
      ("name", holder.name), ("birthDate", holder.birthDate.dayMonthYear),
      ("sex", holder.sex.rawValue), ("height", ""), ("codiceFiscale", holder.codiceFiscale),
      ("citizenship", holder.citizenship), ("birthTownshipCode", holder.birthTownshipCode),
      ("birthCountry", ""), ("birthAct", ""),
      ("residenceTownshipCode", holder.residenceTownshipCode),
      ("residenceAddress", holder.residenceAddress), ("notes", ""),
    ]
    var content: [UInt8] = []
    for (name, value) in fields {
      let bytes = Array(value.utf8)
      guard bytes.count <= 0xFF else {
        throw refused(name, "\(bytes.count) bytes; a field holds 255")
      }
      content += hexadecimal(bytes.count, digits: 2) + bytes
    }
    guard content.count + 6 <= capacity else {
      throw refused(
        "residenceAddress",
        "the personal data take \(content.count + 6) bytes; the card's file holds \(capacity)")
    }
    return hexadecimal(content.count, digits: 6) + content
  }

  /// The common name of a CNS certificate (DM 9 December 2004): codice fiscale, `/`, EF_IDCarta,
  /// `.`, and the SHA-1 of `personalData` in base64; 62 characters. The padding of the card's file
  /// is not part of what is hashed.
  public static func commonName(
    codiceFiscale: CodiceFiscale, cardNumber: CardNumber, personalData: [UInt8]
  ) -> String {
    let hash = Digest.sha1(personalData)
    var text = [UInt8](repeating: 0, count: (hash.count + 2) / 3 * 4 + 1)
    let count = EVP_EncodeBlock(&text, hash, Int32(hash.count))
    return "\(codiceFiscale)/\(cardNumber)."
      + String(decoding: text.prefix(Int(count)), as: UTF8.self)
  }

  private static func hexadecimal(_ value: Int, digits: Int) -> [UInt8] {
    let text = String(value, radix: 16, uppercase: true)
    return Array((String(repeating: "0", count: digits - text.count) + text).utf8)
  }

  private static func refused(_ field: String, _ reason: String) -> AuthorityError {
    AuthorityError("writing the card's personal data", .field(field), reason)
  }
}
