import Foundation

/// The few DER forms (ITU-T X.690) that extensions and requests are written in. libcrypto offers
/// only a configuration language for them; here a profile reads like its ASN.1.
enum DER {
  static func tlv(_ tag: UInt8, _ content: [UInt8]) -> [UInt8] {
    let count = content.count
    switch count {
    case 0..<0x80: return [tag, UInt8(count)] + content
    case 0x80..<0x100: return [tag, 0x81, UInt8(count)] + content
    case 0x100..<0x10000: return [tag, 0x82, UInt8(count >> 8), UInt8(count & 0xFF)] + content
    default:
      return [tag, 0x83] + [16, 8, 0].map { UInt8(truncatingIfNeeded: count >> $0) } + content
    }
  }

  static func sequence(_ parts: [[UInt8]]) -> [UInt8] { tlv(0x30, parts.flatMap { $0 }) }
  static func octetString(_ bytes: [UInt8]) -> [UInt8] { tlv(0x04, bytes) }
  static func utf8String(_ text: String) -> [UInt8] { tlv(0x0C, Array(text.utf8)) }
  static func printableString(_ text: String) -> [UInt8] { tlv(0x13, Array(text.utf8)) }
  static func ia5String(_ text: String) -> [UInt8] { tlv(0x16, Array(text.utf8)) }
  static let null: [UInt8] = [0x05, 0x00]
  static let `true`: [UInt8] = [0x01, 0x01, 0xFF]

  /// A whole number of octets as BIT STRING.
  static func bitString(_ bytes: [UInt8]) -> [UInt8] { tlv(0x03, [0] + bytes) }

  /// A BIT STRING with named bits: trailing zero bits are left out (X.690, 11.2.2).
  static func namedBits(_ bits: Set<Int>) -> [UInt8] {
    guard let last = bits.max() else { return tlv(0x03, [0]) }
    var bytes = [UInt8](repeating: 0, count: last / 8 + 1)
    for bit in bits { bytes[bit / 8] |= 0x80 >> UInt8(bit % 8) }
    return tlv(0x03, [UInt8(7 - last % 8)] + bytes)
  }

  /// A small non-negative INTEGER.
  static func integer(_ value: UInt8) -> [UInt8] { integer([value]) }

  /// A non-negative INTEGER from its big-endian bytes, leading zeros or not (X.690, 8.3).
  static func integer(_ bigEndian: [UInt8]) -> [UInt8] {
    let significant = Array(bigEndian.drop { $0 == 0 })
    guard let first = significant.first else { return tlv(0x02, [0]) }
    return tlv(0x02, first < 0x80 ? significant : [0] + significant)
  }

  /// A non-negative INTEGER.
  static func integer(_ value: Int) -> [UInt8] {
    integer((0..<8).map { UInt8(truncatingIfNeeded: value >> (56 - 8 * $0)) })
  }

  static func enumerated(_ value: UInt8) -> [UInt8] { tlv(0x0A, [value]) }
  static let sha256WithRSAEncryption = OID(1, 2, 840, 113549, 1, 1, 11).der

  /// An instant in UTC, to the second: UTCTime through 2049, GeneralizedTime from 2050 on
  /// (RFC 5280, 4.1.2.5).
  static func time(_ date: Date) -> [UInt8] {
    (1950..<2050).contains(Day(date).year)
      ? tlv(0x17, Array(digits(of: date).dropFirst(2))) : generalizedTime(date)
  }

  /// An instant in UTC, to the second.
  static func generalizedTime(_ date: Date) -> [UInt8] { tlv(0x18, digits(of: date)) }

  private static func digits(of date: Date) -> [UInt8] {
    let day = Day(date)
    let second = Int(date.timeIntervalSince1970.rounded(.down)) - day.number * 86_400
    func write(_ value: Int, _ count: Int) -> [UInt8] {
      var rest = value
      var digits: [UInt8] = []
      for _ in 0..<count {
        digits.append(0x30 + UInt8(rest % 10))
        rest /= 10
      }
      return digits.reversed()
    }
    return write(day.year, 4) + write(day.month, 2) + write(day.dayOfMonth, 2)
      + write(second / 3600, 2) + write(second / 60 % 60, 2) + write(second % 60, 2) + [0x5A]
  }

  /// A context-specific tag: `constructed` around other values, else replacing one's tag.
  static func context(_ number: UInt8, constructed: Bool, _ content: [UInt8]) -> [UInt8] {
    tlv(0x80 | (constructed ? 0x20 : 0) | number, content)
  }
}

/// An object identifier.
struct OID: Hashable, Sendable, CustomStringConvertible {
  private let arcs: [UInt]

  init(_ arcs: UInt...) { self.arcs = arcs }
  private init(arcs: [UInt]) { self.arcs = arcs }

  /// The identifier below this one.
  func appending(_ arc: UInt...) -> OID { OID(arcs: arcs + arc) }

  /// Dotted decimal.
  var description: String { arcs.map(String.init).joined(separator: ".") }

  /// X.690, 8.19.
  var der: [UInt8] {
    var content: [UInt8] = []
    for arc in [arcs[0] * 40 + arcs[1]] + arcs.dropFirst(2) {
      var septets = [UInt8(arc & 0x7F)]
      var rest = arc >> 7
      while rest > 0 {
        septets.append(UInt8(rest & 0x7F) | 0x80)
        rest >>= 7
      }
      content += septets.reversed()
    }
    return DER.tlv(0x06, content)
  }
}
