import Foundation

/// The Italian tax code of a natural person: 16 characters, the last a check letter (DM 12 March
/// 1974, DM 23 December 1976).
public struct CodiceFiscale: Hashable, Sendable, CustomStringConvertible {
  /// The 16 characters, upper case.
  public let description: String

  /// Reads and verifies a code: its form, with letters for digits where two people would share
  /// one (omocodia), and its check letter.
  ///
  /// - Throws: rule `field("codiceFiscale")`.
  public init(_ text: String) throws(AuthorityError) {
    let characters = Array(text.utf8)
    guard characters.count == 16 else {
      throw Self.refused("\"\(text)\" has \(characters.count) characters, not 16")
    }
    for (index, byte) in characters.enumerated() {
      let isLetter = (0x41...0x5A).contains(byte)
      let isDigit = (0x30...0x39).contains(byte) || Self.omocodia.contains(byte)
      guard Self.digitPositions.contains(index) ? isDigit : isLetter else {
        throw Self.refused("\"\(text)\": character \(index + 1) may not stand there")
      }
    }
    let expected = Self.checkLetter(characters.prefix(15))
    guard characters[15] == expected else {
      throw Self.refused(
        "\"\(text)\" ends in \(text.suffix(1)); its check letter is "
          + String(UnicodeScalar(expected)))
    }
    description = text
  }

  /// The code of a person, before any omocodia: what the rules make of the data.
  ///
  /// - Throws: rule `field` where the township code is not a letter and three digits.
  public init(
    surname: String, name: String, birthDate: Day, sex: Sex, birthTownshipCode: String
  ) throws(AuthorityError) {
    guard Self.isTownshipCode(birthTownshipCode) else {
      throw AuthorityError(
        "computing a codice fiscale", .field("birthTownshipCode"),
        "\"\(birthTownshipCode)\" is not a letter and three digits")
    }
    let text =
      Self.surnameCode(surname) + Self.nameCode(name)
      + Self.birthCode(birthDate, sex) + birthTownshipCode
    description = text + String(UnicodeScalar(Self.checkLetter(Array(text.utf8)[...])))
  }

  /// The code with digits where omocodia put letters, without its check letter.
  var withoutOmocodia: String {
    let bytes = description.utf8.prefix(15).enumerated().map { index, byte -> UInt8 in
      guard Self.digitPositions.contains(index),
        let digit = Self.omocodia.firstIndex(of: byte)
      else { return byte }
      return 0x30 + UInt8(digit)
    }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Whether `text` has the form of a cadastral township code: a letter and three digits.
  static func isTownshipCode(_ text: String) -> Bool {
    let bytes = Array(text.utf8)
    return bytes.count == 4 && (0x41...0x5A).contains(bytes[0])
      && bytes.dropFirst().allSatisfy { (0x30...0x39).contains($0) }
  }

  private static let digitPositions: Set<Int> = [6, 7, 9, 10, 12, 13, 14]
  /// The letters that stand for 0 to 9.
  private static let omocodia = Array("LMNPQRSTUV".utf8)
  private static let months = Array("ABCDEHLMPRST")
  /// Values of 0-9 and of A-Z at odd places, counted from one.
  private static let oddValues = [
    1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
  ]

  private static func checkLetter(_ characters: ArraySlice<UInt8>) -> UInt8 {
    var sum = 0
    for (index, byte) in characters.enumerated() {
      let value = Int(byte) - (byte < 0x41 ? 0x30 : 0x41)
      sum += index % 2 == 0 ? oddValues[value] : value
    }
    return 0x41 + UInt8(sum % 26)
  }

  private static func letters(_ text: String) -> (consonants: [Character], vowels: [Character]) {
    let plain = text.folding(options: .diacriticInsensitive, locale: nil).uppercased()
      .filter { ("A"..."Z").contains($0) }
    return (plain.filter { !"AEIOU".contains($0) }.map(\.self), plain.filter("AEIOU".contains))
  }

  private static func surnameCode(_ surname: String) -> String {
    let (consonants, vowels) = letters(surname)
    return String((consonants + vowels + Array("XXX")).prefix(3))
  }

  private static func nameCode(_ name: String) -> String {
    let (consonants, vowels) = letters(name)
    guard consonants.count < 4 else {
      return String([consonants[0], consonants[2], consonants[3]])
    }
    return String((consonants + vowels + Array("XXX")).prefix(3))
  }

  private static func birthCode(_ day: Day, _ sex: Sex) -> String {
    let dayOfMonth = day.dayOfMonth + (sex == .female ? 40 : 0)
    let year = day.year % 100
    return (year < 10 ? "0" : "") + String(year) + String(months[day.month - 1])
      + (dayOfMonth < 10 ? "0" : "") + String(dayOfMonth)
  }

  private static func refused(_ reason: String) -> AuthorityError {
    AuthorityError("reading a codice fiscale", .field("codiceFiscale"), reason)
  }
}
