/// The number of a card, what EF_IDCarta holds: 16 ASCII digits, the last a check digit.
///
/// Numbers made here begin with 6099999, a range no published card uses: after it come eight
/// random digits, never a sequence, because host software caches a card's public files by this
/// number and two state directories must not meet in one.
public struct CardNumber: Hashable, Sendable, CustomStringConvertible {
  /// What every number of this test authority begins with.
  public static let testPrefix = "6099999"

  /// The 16 digits.
  public let description: String

  /// Reads a number.
  ///
  /// - Throws: rule `field("cardNumber")` unless it is 16 digits with a right check digit.
  public init(_ text: String) throws(AuthorityError) {
    guard text.utf8.count == 16, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
      throw Self.refused("\"\(text)\" is not 16 digits")
    }
    let expected = Self.checkDigit(text.dropLast())
    guard text.hasSuffix(expected) else {
      throw Self.refused("\"\(text)\" has a wrong check digit; \(expected) is right")
    }
    description = text
  }

  /// A random number of the test range; `label` is the seeded value's name.
  static func random(_ source: RandomSource, label: String) throws(AuthorityError) -> CardNumber {
    let body = testPrefix + source.digits(8, label: label)
    return try CardNumber(body + checkDigit(body[...]))
  }

  /// ISO/IEC 7812-1, annex B (the Luhn formula).
  private static func checkDigit(_ body: Substring) -> String {
    var sum = 0
    for (index, byte) in body.utf8.reversed().enumerated() {
      let digit = Int(byte) - 0x30
      let doubled = digit * 2
      sum += index % 2 == 0 ? (doubled > 9 ? doubled - 9 : doubled) : digit
    }
    return String((10 - sum % 10) % 10)
  }

  private static func refused(_ reason: String) -> AuthorityError {
    AuthorityError("reading a card number", .field("cardNumber"), reason)
  }
}

extension CardNumber: Codable {
  /// Reads the 16 digits.
  ///
  /// - Throws: `DecodingError` where they are not a card number.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    do {
      self = try CardNumber(try container.decode(String.self))
    } catch let error as AuthorityError {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: error.reason)
    }
  }

  /// Writes the 16 digits.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
