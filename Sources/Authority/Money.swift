/// An amount in euro, exact to the cent. Text form: `21.96`.
public struct Money: Hashable, Comparable, Sendable, CustomStringConvertible {
  /// The amount in cents, not negative.
  public let cents: Int

  /// An amount from cents.
  public init(cents: Int) { self.cents = cents }

  /// An amount from its text: euro, a point, two digits of cents; nil where it is anything else.
  public init?(_ text: String) {
    let parts = text.split(separator: ".", omittingEmptySubsequences: false)
    guard parts.count == 2, parts[1].count == 2, (1...6).contains(parts[0].count),
      parts.allSatisfy({ part in part.utf8.allSatisfy { (0x30...0x39).contains($0) } }),
      let euro = Int(parts[0]), let cents = Int(parts[1])
    else { return nil }
    self.init(cents: euro * 100 + cents)
  }

  /// Nothing to pay.
  public static let zero = Money(cents: 0)

  /// Euro, a point, two digits of cents.
  public var description: String {
    "\(cents / 100)." + (cents % 100 < 10 ? "0" : "") + "\(cents % 100)"
  }

  /// The sum.
  public static func + (left: Money, right: Money) -> Money {
    Money(cents: left.cents + right.cents)
  }
  /// Whether the amount is smaller.
  public static func < (left: Money, right: Money) -> Bool { left.cents < right.cents }

  /// The amount with `percent` % of value added tax, rounded to the nearest cent.
  func adding(vatPercent percent: Int) -> Money {
    Money(cents: cents + (cents * percent + 50) / 100)
  }
}

extension Money: Codable {
  /// Reads the text form.
  ///
  /// - Throws: `DecodingError` where it is not an amount.
  public init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let money = Money(text) else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "\"\(text)\" is not an amount written 25.00")
    }
    self = money
  }

  /// Writes the text form.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// What an operation costs: parts, some of them with value added tax.
public struct Fee: Codable, Equatable, Sendable {
  /// One part.
  public struct Part: Codable, Equatable, Sendable {
    /// The amount before tax.
    public var net: Money
    /// Value added tax in percent; nil where there is none.
    public var vat: Int?

    /// A part from amount and tax.
    public init(net: Money, vat: Int? = nil) {
      self.net = net
      self.vat = vat
    }

    /// The amount with tax.
    public var gross: Money { vat.map { net.adding(vatPercent: $0) } ?? net }
  }

  /// The parts; none where nothing is to pay.
  public var parts: [Part]

  /// A fee of these parts.
  public init(_ parts: [Part]) { self.parts = parts }

  /// Nothing to pay.
  public static let free = Fee([])

  /// What the holder pays.
  public var total: Money { parts.reduce(.zero) { $0 + $1.gross } }

  /// Reads a list of parts.
  ///
  /// - Throws: what the decoder throws.
  public init(from decoder: any Decoder) throws {
    parts = try decoder.singleValueContainer().decode([Part].self)
  }

  /// Writes a list of parts.
  ///
  /// - Throws: what the encoder throws.
  public func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(parts)
  }
}
